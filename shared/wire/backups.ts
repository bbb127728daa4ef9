import { z } from 'zod'
import { WireFault, WireId, words } from './words.ts'

const Sha256 = z.string().regex(/^[0-9a-f]{64}$/)

/** What the host of a snapshot is to keep of it in the blob store. It vanishes once its result is known here, or nobody wants it any more. */
export const WantedBackup = z.strictObject({
  kind: z.literal('backup'),
  id: z.string(),
  generation: z.int().nonnegative(),
  snapshot: z.string(),
  volume: z.string(),
  /** The backup of the same volume whose objects it may name; null: there is none. */
  base: z.string().nullable(),
})
export type WantedBackup = z.output<typeof WantedBackup>

/** What became of it: the root of its tables (shared/model/backups/table.ts). */
export const BackupResult = z.strictObject({
  root: Sha256,
  /** Of the disk. */
  sizeBytes: z.int().positive(),
  /** Of the objects that were made for it. */
  storedBytes: z.int().positive(),
})
export type BackupResult = z.output<typeof BackupResult>

export const SeenBackup = z.strictObject({
  kind: z.literal('backup'),
  id: WireId,
  /** The generation that is finished with: then with `result`, or with `fault`. */
  applied: z.int().min(-1),
  /** `storing 40 %`. */
  progress: words(200).optional(),
  result: BackupResult.optional(),
  fault: WireFault.optional(),
})
export type SeenBackup = z.output<typeof SeenBackup>

/** Where the reading of a backup begins. */
export const BackupRoot = z.strictObject({ root: Sha256, sizeBytes: z.int().positive() })
export type BackupRoot = z.output<typeof BackupRoot>
