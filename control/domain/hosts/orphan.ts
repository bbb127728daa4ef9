import type { Id } from '@sirocco/shared/kit/id.ts'
import type { SeenPower } from '@sirocco/shared/model/machines/states.ts'
import type { FoundSpec } from '@sirocco/shared/wire/orphans.ts'

/** A machine that an agent found and that nothing here asks for. It is left alone until an admin says what becomes of it. */
export interface Orphan {
  readonly id: Id<'orphan'>
  readonly host: Id<'host'>
  /** As its mark on the host says. */
  readonly machine: string
  readonly power: SeenPower
  /** What it is made of; null where the host cannot tell. */
  readonly found: FoundSpec | null
  /** Of what its host said. */
  readonly digest: string
  /** When it was first seen; ms since the epoch. */
  readonly at: number
  /** Rises with what an admin asks. */
  readonly generation: number
  /** It is to go from its host. */
  readonly removing: boolean
}

export const nameOf = ({ found, machine }: Pick<Orphan, 'found' | 'machine'>): string => found?.name || machine

/** Above every intent that its host knows of. */
export const nextOf = (generation: number | undefined): number => Math.max(0, generation ?? -1) + 1
