import type { Id } from '@sirocco/shared/kit/id.ts'

/** A machine or volume that must go from a host on which it is no longer. It outlives the machine. */
export interface Tombstone {
  readonly host: Id<'host'>
  readonly subject: Id<'machine'> | Id<'volume'>
  readonly generation: number
}
