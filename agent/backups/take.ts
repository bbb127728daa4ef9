import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import {
  chunkBytes,
  type Entry,
  encodeTable,
  entriesAlike,
  rootLevel,
  spanOf,
  type Table,
  tableEntries,
} from '@sirocco/shared/model/backups/table.ts'
import type { BackupResult } from '@sirocco/shared/wire/backups.ts'
import type { BackupObjects } from '../ports/backups.ts'
import { readTable, sha256Of } from './tables.ts'

/** A part of a disk that stands still, to be read by place. */
export interface ReadWindow {
  /** Fills `into` from this byte of the part on; what lies beyond its end is zero. */
  read(at: number, into: Buffer): Promise<void>
  close(): Promise<void>
}

export interface TakeOptions {
  readonly id: string
  /** The backup of the same volume that was taken before. Never another volume's: nobody learns what others keep. */
  readonly base: { readonly id: string; readonly root: string } | null
  readonly sizeBytes: number
  window(offset: number, length: number): Promise<Result<ReadWindow>>
  readonly objects: BackupObjects
  told(percent: number): void
  readonly signal: AbortSignal
}

/**
 * Stores what differs from the backup before, and the tables that lead to it; the root comes last. Cut short anywhere, the next try makes the same
 * objects, and until the root is known nothing names them.
 */
export async function takeBackup(options: TakeOptions): Promise<Result<BackupResult>> {
  const taking = new Taking(options)
  const root = await taking.table(rootLevel, 0, options.base && { maker: options.base.id, slot: 0, sha256: options.base.root })
  if (!root.ok) return root
  if (!root.value) throw new Error('impossible: a backup without a root')
  return ok({ root: root.value.sha256, sizeBytes: options.sizeBytes, storedBytes: taking.storedBytes })
}

const zero = Buffer.alloc(chunkBytes)

class Taking {
  storedBytes = 0
  readonly #options: TakeOptions

  constructor(options: TakeOptions) {
    this.#options = options
  }

  /** The entry that names what is there now; null where all of it is zero, and always one of the root. */
  async table(level: number, index: number, before: Entry | null, window?: ReadWindow): Promise<Result<Entry | null>> {
    const { sizeBytes } = this.#options
    const offset = index * spanOf(level)
    if (level === 1 && !window) {
      const opened = await this.#options.window(offset, Math.min(spanOf(level), sizeBytes - offset))
      if (!opened.ok) return opened
      try {
        return await this.table(level, index, before, opened.value)
      } finally {
        await opened.value.close()
      }
    }
    const known = await this.#known(before, { level, index })
    if (!known.ok) return known
    if (level === 0) {
      if (!window) throw new Error('impossible: a region without its window')
      return this.#region(index, before, known.value, window)
    }
    const entries = new Map<number, Entry>()
    for (let place = 0; place < tableEntries; place++) {
      const below = index * tableEntries + place
      if (below * spanOf(level - 1) >= sizeBytes) break
      const entry = await this.table(level - 1, below, known.value.get(place) ?? null, window)
      if (!entry.ok) return entry
      if (entry.value) entries.set(place, entry.value)
    }
    if (level < rootLevel && entries.size === 0) return ok(null)
    if (level < rootLevel && entriesAlike(entries, known.value)) return ok(before)
    return this.#put({ level, index, entries }, [])
  }

  async #known(before: Entry | null, at: Pick<Table, 'level' | 'index'>): Promise<Result<Table['entries']>> {
    const { base, objects } = this.#options
    if (!before || !base) return ok(new Map())
    const table = await readTable(objects, base.id, before, at)
    return table.ok ? ok(table.value.entries) : table
  }

  async #region(index: number, before: Entry | null, known: Table['entries'], window: ReadWindow): Promise<Result<Entry | null>> {
    const { id, sizeBytes, told, signal } = this.#options
    if (signal.aborted) return refuse('unavailable', 'it was ended')
    const span = spanOf(0)
    told(Math.floor((100 * index * span) / sizeBytes))
    const bytes = Buffer.alloc(span)
    await window.read((index % tableEntries) * span, bytes)
    const entries = new Map<number, Entry>()
    const chunks = new Map<string, Buffer>()
    for (let place = 0; place < tableEntries; place++) {
      const chunk = bytes.subarray(place * chunkBytes, (place + 1) * chunkBytes)
      if (chunk.equals(zero)) continue
      const sha256 = sha256Of(chunk)
      const there = known.get(place)
      if (there?.sha256 === sha256) {
        entries.set(place, there)
        continue
      }
      if (!chunks.has(sha256)) chunks.set(sha256, chunk)
      entries.set(place, { maker: id, slot: [...chunks.keys()].indexOf(sha256), sha256 })
    }
    if (entries.size === 0) return ok(null)
    if (entriesAlike(entries, known)) return ok(before)
    return this.#put({ level: 0, index, entries }, [...chunks.values()])
  }

  async #put(table: Table, chunks: readonly Buffer[]): Promise<Result<Entry>> {
    const { id, objects } = this.#options
    const encoded = Buffer.from(encodeTable(table))
    const bytes = Buffer.concat([encoded, ...chunks])
    const put = await objects.put(id, table, bytes, sha256Of(bytes))
    if (!put.ok) return put
    this.storedBytes += bytes.length
    return ok({ maker: id, slot: 0, sha256: sha256Of(encoded) })
  }
}
