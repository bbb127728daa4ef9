import { createHash } from 'node:crypto'
import { type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { decodeTable, type Entry, objectBytes, regionTableBytes, type Table } from '@sirocco/shared/model/backups/table.ts'
import type { BackupObjects } from '../ports/backups.ts'

export const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** The table that an entry names, if it is what that promises. */
export async function readTable(
  objects: Pick<BackupObjects, 'get'>,
  backup: string,
  { maker, sha256 }: Pick<Entry, 'maker' | 'sha256'>,
  { level, index }: Pick<Table, 'level' | 'index'>,
): Promise<Result<Table>> {
  const length = level === 0 ? regionTableBytes : objectBytes
  const bytes = await objects.get(backup, { maker, level, index }, { offset: 0, length })
  if (!bytes.ok) return bytes
  if (sha256Of(bytes.value) !== sha256)
    return refuse('invalid', 'the backup is damaged in the blob store', { detail: `${maker}/${level}/${index}` })
  return decodeTable(bytes.value, { level, index })
}
