import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'

/** A volume of a machine, as a move of that looks at it. */
export interface Luggage {
  readonly machine: Id<'machine'>
  readonly volume: Id<'volume'>
  readonly alias: string
  readonly name: string
  readonly sizeMiB: number
  readonly generation: number
  /** Nothing is being done to it. */
  readonly settled: boolean
  readonly readOnly: boolean
  /** It was found on its host: what its files stand on nobody here knows. */
  readonly found: boolean
  /** Snapshots of it that are not gone. */
  readonly snapshots: number
}

/** May the machine's volumes go to another host with it? Refused with the one that cannot. */
export function carried(name: string, luggage: readonly Luggage[]): Result<void> {
  for (const { snapshots, readOnly, settled, found, alias, name: own } of luggage) {
    const volume = own === '' ? alias : own
    const because = (why: string) =>
      refuse('precondition', `${name} cannot move with its volume ${volume}: ${why}`, { field: alias })
    if (snapshots > 0) return because('it has snapshots, which stay on their host; delete them first')
    if (found)
      return because(
        'it was adopted as it was found, and what its files stand on is not known; copy it to a volume of your own first',
      )
    if (readOnly) return because('it is attached read-only; detach it first')
    if (!settled) return because('something is just being done to it; wait until it is in use')
  }
  return ok(undefined)
}
