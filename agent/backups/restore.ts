import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import {
  chunkBytes,
  type Entry,
  regionTableBytes,
  rootLevel,
  spanOf,
  type Table,
  tableEntries,
} from '@sirocco/shared/model/backups/table.ts'
import type { BackupObjects } from '../ports/backups.ts'
import { readTable, sha256Of } from './tables.ts'

/** A part of a new disk, zero until it is written. */
export interface WriteWindow {
  write(at: number, bytes: Buffer): Promise<void>
  /** What was written is the disk's. */
  keep(): Promise<Result<void>>
  close(): Promise<void>
}

export interface RestoreOptions {
  readonly backup: string
  readonly root: string
  readonly sizeBytes: number
  readonly objects: BackupObjects
  window(offset: number, length: number): Promise<Result<WriteWindow>>
  told(percent: number): void
  readonly signal: AbortSignal
}

/** Gives back what a backup holds: every table and every chunk is checked against what names it, from the root down. */
export function restoreBackup(options: RestoreOptions): Promise<Result<void>> {
  return table(options, { maker: options.backup, sha256: options.root }, { level: rootLevel, index: 0 })
}

async function table(
  options: RestoreOptions,
  entry: Pick<Entry, 'maker' | 'sha256'>,
  at: Pick<Table, 'level' | 'index'>,
  window?: WriteWindow,
): Promise<Result<void>> {
  const { backup, objects, sizeBytes } = options
  if (at.level === 1 && !window) {
    const offset = at.index * spanOf(1)
    if (offset >= sizeBytes) return refuse('invalid', 'the backup names more than its disk has')
    const opened = await options.window(offset, Math.min(spanOf(1), sizeBytes - offset))
    if (!opened.ok) return opened
    try {
      const filled = await table(options, entry, at, opened.value)
      return filled.ok ? await opened.value.keep() : filled
    } finally {
      await opened.value.close()
    }
  }
  const read = await readTable(objects, backup, entry, at)
  if (!read.ok) return read
  if (at.level === 0) {
    if (!window) throw new Error('impossible: a region without its window')
    return region(options, read.value, window)
  }
  for (const [place, below] of read.value.entries) {
    const done = await table(options, below, { level: at.level - 1, index: at.index * tableEntries + place }, window)
    if (!done.ok) return done
  }
  return ok(undefined)
}

async function region(
  { backup, objects, sizeBytes, told, signal }: RestoreOptions,
  { index, entries }: Table,
  window: WriteWindow,
): Promise<Result<void>> {
  const start = (index % tableEntries) * spanOf(0)
  told(Math.floor((100 * index * spanOf(0)) / sizeBytes))
  for (const [maker, named] of Map.groupBy(entries, ([, entry]) => entry.maker)) {
    if (signal.aborted) return refuse('unavailable', 'it was ended')
    const slots = named.map(([, { slot }]) => slot)
    const first = Math.min(...slots)
    const range = { offset: regionTableBytes + first * chunkBytes, length: (Math.max(...slots) - first + 1) * chunkBytes }
    const bytes = await objects.get(backup, { maker, level: 0, index }, range)
    if (!bytes.ok) return bytes
    for (const [place, { slot, sha256 }] of named) {
      const chunk = bytes.value.subarray((slot - first) * chunkBytes, (slot - first + 1) * chunkBytes)
      if (sha256Of(chunk) !== sha256)
        return refuse('invalid', 'the backup is damaged in the blob store', { detail: `${maker}/0/${index} chunk ${slot}` })
      await window.write(start + place * chunkBytes, chunk)
    }
  }
  return ok(undefined)
}
