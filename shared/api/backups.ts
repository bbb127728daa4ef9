import { z } from 'zod'
import { backupStates } from '../model/backups/states.ts'
import { pageOf, pageQuery } from './page.ts'
import { Reason, Ref, Time } from './text.ts'

export const Backup = z.strictObject({
  id: z.string(),
  name: z.string(),
  state: z.enum(backupStates),
  /** Why it could not be taken. */
  stateReason: Reason.nullable(),
  /** What is being done, in one line. */
  progress: z.string().nullable(),
  /** Of which volume, which may be gone. */
  volume: z.string(),
  volumeEc2Id: z.string(),
  sizeMiB: z.int(),
  /** Bytes that were stored for it, beside what it shares with earlier ones; null before it is ready. */
  storedBytes: z.int().nullable(),
  /** The backup that it was taken on top of; null: it is the first. Either may be deleted without the other. */
  base: z.string().nullable(),
  createdAt: Time,
})
export type Backup = z.output<typeof Backup>
export const BackupPage = pageOf(Backup)
export const BackupQuery = z.strictObject({
  ...pageQuery,
  /** Only those of this volume, which may be gone. */
  volume: Ref.optional(),
})
export const BackupParams = z.strictObject({ id: Ref })
export const NewBackup = z.strictObject({ volume: Ref, name: z.string().min(1).max(255).optional() })
export const AcceptedBackup = z.strictObject({ backup: Backup, operations: z.array(z.string()) })
export type AcceptedBackup = z.output<typeof AcceptedBackup>
