import type { Id } from '@sirocco/shared/kit/id.ts'

/** Something of a machine that must go from a host on which it is no longer. It outlives the machine. */
export interface Tombstone {
  readonly host: Id<'host'>
  readonly machine: Id<'machine'>
  readonly generation: number
}
