import { ok, type Result, refuse } from '../../kit/fault.ts'
import { KiB } from '../../kit/units.ts'

/**
 * What a backup consists of. A volume is 2^28 chunks at most; 128 neighbours of them are a region, described by one table; 128 tables by one
 * above it, and so on to the root. A region's table has the bytes of those chunks behind it that no backup before had. Only what changed is made
 * anew, the rest is named where it lies: an object belongs to the backup that made it, and is never changed.
 */

/** Bytes of a chunk: qcow2's own cluster, so that what a guest changes costs no more than what its disk had to write. */
export const chunkBytes = 64 * KiB
/** Entries of a table. */
export const tableEntries = 128
/** Above the regions (level 0); the root is the one table of the last. Together 16 TiB: as much as a volume may have. */
export const rootLevel = 3
/** Of a region's table, whatever is in it: its chunks lie behind that. 64 KiB and the tables above one change come to less than 1.5 chunks. */
export const regionTableBytes = 8 * KiB
/** Of any object. */
export const objectBytes = regionTableBytes + tableEntries * chunkBytes

/** What one place of a table names: a table of the level below, or (level 0) a chunk. What is not named is zero. */
export interface Entry {
  /** The backup that made it. */
  readonly maker: string
  /** Of a chunk: which of those behind its maker's table; else 0. */
  readonly slot: number
  /** SHA-256 in hex: of the table that it names, or of the chunk. */
  readonly sha256: string
}
export interface Table {
  readonly level: number
  readonly index: number
  readonly entries: ReadonlyMap<number, Entry>
}

/** Where an object lies among those of its volume. */
export interface ObjectName {
  readonly maker: string
  readonly level: number
  readonly index: number
}

const magic = [0x53, 0x42, 0x54, 0x31] as const
const headBytes = 12
const makerBytes = 24
const entryBytes = 36
const makerShape = /^bak_[0-9a-z]{20}$/

/** A table as bytes. Makers are named once each. */
export function encodeTable({ level, index, entries }: Table): Uint8Array<ArrayBuffer> {
  const makers = [...new Set([...entries.values()].map(({ maker }) => maker))]
  const length = headBytes + makers.length * makerBytes + entries.size * entryBytes
  const bytes = new Uint8Array(level === 0 ? regionTableBytes : length)
  bytes.set(magic)
  const view = new DataView(bytes.buffer)
  view.setUint8(4, level)
  view.setUint8(5, makers.length)
  view.setUint16(6, entries.size)
  view.setUint32(8, index)
  for (const [n, maker] of makers.entries())
    for (let i = 0; i < makerBytes; i++) bytes[headBytes + n * makerBytes + i] = maker.charCodeAt(i)
  let at = headBytes + makers.length * makerBytes
  for (const [place, { maker, slot, sha256 }] of [...entries].sort(([a], [b]) => a - b)) {
    bytes.set([place, makers.indexOf(maker), slot, 0], at)
    for (let i = 0; i < 32; i++) bytes[at + 4 + i] = Number.parseInt(sha256.slice(2 * i, 2 * i + 2), 16)
    at += entryBytes
  }
  return bytes
}

const torn = refuse('invalid', 'the backup is damaged in the blob store')

/** Reads a table, which must be the one of this place. */
export function decodeTable(bytes: Uint8Array, { level, index }: Pick<Table, 'level' | 'index'>): Result<Table> {
  if (bytes.length < headBytes || magic.some((byte, i) => bytes[i] !== byte)) return torn
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const [count, size] = [view.getUint8(5), view.getUint16(6)]
  const from = headBytes + count * makerBytes
  if (view.getUint8(4) !== level || view.getUint32(8) !== index) return torn
  if (count > tableEntries || size > tableEntries || bytes.length < from + size * entryBytes) return torn
  const makers = Array.from({ length: count }, (_, n) =>
    String.fromCharCode(...bytes.subarray(headBytes + n * makerBytes, headBytes + (n + 1) * makerBytes)),
  )
  if (!makers.every(maker => makerShape.test(maker))) return torn
  const entries = new Map<number, Entry>()
  for (let at = from; at < from + size * entryBytes; at += entryBytes) {
    const [place = 0, n = 0, slot = 0] = bytes.subarray(at, at + 3)
    const maker = makers[n]
    if (place >= tableEntries || slot >= tableEntries || maker === undefined || entries.has(place)) return torn
    entries.set(place, { maker, slot, sha256: hexOf(bytes.subarray(at + 4, at + entryBytes)) })
  }
  return ok({ level, index, entries })
}

const hexOf = (bytes: Uint8Array): string => [...bytes].map(byte => byte.toString(16).padStart(2, '0')).join('')

/** How much of the volume one table of a level stands for, in bytes. */
export const spanOf = (level: number): number => chunkBytes * tableEntries ** (level + 1)

export const entriesAlike = (a: ReadonlyMap<number, Entry>, b: ReadonlyMap<number, Entry>): boolean =>
  a.size === b.size &&
  [...a].every(([place, { maker, slot, sha256 }]) => {
    const other = b.get(place)
    return other?.maker === maker && other.slot === slot && other.sha256 === sha256
  })
