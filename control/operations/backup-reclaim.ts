import { ok, type Result } from '@sirocco/shared/kit/fault.ts'
import {
  decodeTable,
  type Entry,
  objectBytes,
  regionTableBytes,
  rootLevel,
  type Table,
  tableEntries,
} from '@sirocco/shared/model/backups/table.ts'
import { type Blobs, backupObject } from '../ports/blobs.ts'

interface Root {
  readonly id: string
  readonly root: string
}
type Place = Pick<Table, 'level' | 'index'>

/**
 * Removes the objects that a backup names and its neighbours do not. A table goes after all below it: cut short anywhere, the next run finds its way
 * to what is left. False: `most` objects were looked at, and there are more.
 */
export function reclaimBackup(
  blobs: Blobs,
  volume: string,
  goes: Root,
  neighbours: readonly Root[],
  most: number,
): Promise<Result<boolean>> {
  const entryOf = ({ id, root }: Root): Entry => ({ maker: id, slot: 0, sha256: root })
  return new Reclaiming(blobs, volume, most).table(entryOf(goes), neighbours.map(entryOf), { level: rootLevel, index: 0 })
}

class Reclaiming {
  readonly #blobs: Blobs
  readonly #volume: string
  #left: number

  constructor(blobs: Blobs, volume: string, most: number) {
    this.#blobs = blobs
    this.#volume = volume
    this.#left = most
  }

  async table(goes: Entry, beside: readonly Entry[], at: Place): Promise<Result<boolean>> {
    // One object, and so all below it.
    if (beside.some(({ maker }) => maker === goes.maker)) return ok(true)
    if (this.#left <= 0) return ok(false)
    const own = await this.#read(goes, at)
    // Gone already, after all below it.
    if (!own) return ok(true)
    const stay: Table[] = []
    for (const entry of beside) {
      const table = await this.#read(entry, at)
      // What a damaged one needs nobody knows: all below stays.
      if (!table) return ok(true)
      stay.push(table)
    }
    if (at.level === 0) return this.#region(goes.maker, own, beside, stay)
    for (const [place, below] of own.entries) {
      const others = stay.flatMap(({ entries }) => entries.get(place) ?? [])
      const whole = await this.table(below, others, { level: at.level - 1, index: at.index * tableEntries + place })
      if (!whole.ok || !whole.value) return whole
    }
    const removed = await this.#blobs.remove([this.#key(goes.maker, at)])
    return removed.ok ? ok(true) : removed
  }

  /** Its own object goes after those that it names. */
  async #region(own: string, table: Table, beside: readonly Entry[], stay: readonly Table[]): Promise<Result<boolean>> {
    const makers = ({ entries }: Table) => [...entries.values()].map(({ maker }) => maker)
    const needed = new Set([...beside.map(({ maker }) => maker), ...stay.flatMap(makers)])
    for (const maker of [...new Set(makers(table).filter(one => one !== own)), own]) {
      if (needed.has(maker)) continue
      const removed = await this.#blobs.remove([this.#key(maker, table)])
      if (!removed.ok) return removed
    }
    return ok(true)
  }

  /** null where there is none, or none that is as it was named. */
  async #read({ maker, sha256 }: Entry, at: Place): Promise<Table | null> {
    this.#left -= 1
    const key = this.#key(maker, at)
    const found = await this.#blobs.get(key, { offset: 0, length: at.level === 0 ? regionTableBytes : objectBytes })
    if (!found) return null
    const bytes = new Uint8Array(await new Response(found.body).arrayBuffer())
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
    const hex = [...digest].map(byte => byte.toString(16).padStart(2, '0')).join('')
    const table = hex === sha256 ? decodeTable(bytes, at) : null
    return table?.ok ? table.value : null
  }

  #key(maker: string, { level, index }: Place): string {
    return backupObject(this.#volume, { maker, level, index })
  }
}
