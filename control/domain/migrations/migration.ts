import type { Said } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { say } from '@sirocco/shared/model/messages.ts'
import type { SeenMove } from '@sirocco/shared/wire/objects.ts'
import type { Machine } from '../machines/machine.ts'

/** `preparing`: the target makes room. `moving`: the source may send it. `calling-off`: the target is asked to take nothing in any more. */
export const migrationPhases = ['preparing', 'moving', 'calling-off', 'done', 'failed'] as const
export type MigrationPhase = (typeof migrationPhases)[number]

/** A machine on its way from one host to another. Its claim on the target is an allocation of its own until it has arrived. */
export interface Migration {
  readonly id: Id<'migration'>
  readonly machine: Id<'machine'>
  readonly project: Id<'project'>
  readonly source: Id<'host'>
  readonly target: Id<'host'>
  /** Of the machine: they move with it. */
  readonly volumes: readonly Id<'volume'>[]
  readonly phase: MigrationPhase
  /** It goes while it is off: its volumes alone. */
  readonly offline: boolean
  /** What the two hosts last said. */
  readonly sourceSaw: SeenMove | null
  readonly targetSaw: SeenMove | null
  readonly progress: string | null
  readonly version: number
  /** It is never asked for anew: always 0. */
  readonly generation: number
  readonly createdAt: number
  readonly endedAt: number | null
}

/** What to do next about a migration, and why one waits. */
export type Next =
  | { readonly do: 'wait'; readonly waiting: string | Said }
  /** The source may send it: the target has room. */
  | { readonly do: 'go' }
  | { readonly do: 'call-off' }
  /** It runs on the target. */
  | { readonly do: 'arrived' }
  /** It is where it was, and will not run on the target. */
  | { readonly do: 'failed'; readonly why: string; readonly detail?: string }

/**
 * The one decision of a migration. The target's word decides where the machine is: `arrived` ends it well, `nothing` ends it where it was, and
 * until either is said neither host may start it.
 */
export function nextOf(
  { phase, offline, targetSaw, sourceSaw, progress, createdAt }: Migration,
  machine: Pick<Machine, 'power' | 'name'>,
  { now, roomWithin }: { readonly now: number; readonly roomWithin: number },
): Next {
  if (targetSaw?.phase === 'arrived') return { do: 'arrived' }
  if (targetSaw?.phase === 'nothing')
    return phase === 'calling-off' ? { do: 'failed', ...whyOf(sourceSaw, targetSaw, machine, offline) } : { do: 'call-off' }
  if (phase === 'calling-off') return { do: 'wait', waiting: say('waiting.move_settled') }
  if (!goesOn(machine, offline)) return { do: 'call-off' }
  if (sourceSaw?.phase === 'stayed' || sourceSaw?.phase === 'unknown') return { do: 'call-off' }
  if (phase === 'moving')
    return { do: 'wait', waiting: sourceSaw?.phase === 'left' ? say('waiting.move_shown') : (progress ?? say('waiting.moving')) }
  if (targetSaw?.phase === 'ready') return { do: 'go' }
  if (now - createdAt > roomWithin) return { do: 'call-off' }
  return { do: 'wait', waiting: progress ?? say('waiting.move_room') }
}

/** Is it still wanted as it was when its move was asked? */
const goesOn = ({ power }: Pick<Machine, 'power'>, offline: boolean): boolean =>
  offline ? power === 'off' || power === 'cut' : power === 'on'

function whyOf(sourceSaw: SeenMove | null, targetSaw: SeenMove, machine: Pick<Machine, 'power' | 'name'>, offline: boolean) {
  const { name } = machine
  const fault = sourceSaw?.fault ?? targetSaw.fault
  if (fault) {
    const why = `${name} stays where it is: ${fault.message}`
    return fault.detail === undefined ? { why } : { why, detail: fault.detail }
  }
  return {
    why: goesOn(machine, offline)
      ? `${name} stays where it is: the other host did not make room in time`
      : `${name} stays where it is: it was ${offline ? 'started' : 'stopped'} or deleted meanwhile`,
  }
}
