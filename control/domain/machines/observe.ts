import { digest } from '@sirocco/shared/kit/canonical.ts'
import type { Fault } from '@sirocco/shared/kit/fault.ts'
import type { MachineState, Power } from '@sirocco/shared/model/machines/states.ts'
import type { SeenMachine } from '@sirocco/shared/wire/objects.ts'
import { type Machine, type Observation, stateOfMachine } from './machine.ts'

/** What follows from a look at a machine. */
export interface Noticed {
  readonly observation: Observation
  /** Seen running for the first time. */
  readonly ran: boolean
  readonly from: MachineState
  readonly to: MachineState
  /** The guest shut itself down: what desired becomes now. */
  readonly follow: Extract<Power, 'off' | 'gone'> | null
  /** It ran, and its observer has given it up. */
  readonly crashed: boolean
  /** Whoever waits for it should look: a generation was finished with. */
  readonly wake: boolean
}

/** A fault as it came over the wire. */
const faultOf = ({ code, message, detail }: NonNullable<SeenMachine['fault']>): Fault => ({
  code,
  message,
  ...(detail === undefined ? {} : { detail }),
})

/** What `seen` says that is new; null where it says what is known. Pure: observing decides, the batch writes. */
export function notice(machine: Machine, seen: Omit<SeenMachine, 'kind' | 'id'>, at: number): Noticed | null {
  const known = digest(seen)
  if (machine.observed?.digest === known) return null
  const observation: Observation = {
    appliedGeneration: seen.applied,
    power: seen.power,
    cause: seen.cause ?? null,
    progress: seen.progress ?? null,
    fault: seen.fault ? faultOf(seen.fault) : null,
    digest: known,
    at,
  }
  const current = seen.applied >= machine.generation && machine.goneAt === null
  // A guest may have come up, and shut itself down or crashed, before anybody heard of it.
  const cameAndWent =
    current && machine.power === 'on' && seen.power === 'stopped' && (seen.cause === 'guest' || seen.cause === 'crash')
  const ran = machine.ranAt === null && (seen.power === 'running' || cameAndWent)
  const after: Machine = { ...machine, observed: observation, ranAt: ran ? at : machine.ranAt }
  const wasOn = current && machine.power === 'on' && after.ranAt !== null && machine.failure === null
  return {
    observation,
    ran,
    from: stateOfMachine(machine),
    to: stateOfMachine(after),
    follow:
      wasOn && seen.power === 'stopped' && seen.cause === 'guest'
        ? machine.onGuestShutdown === 'terminate'
          ? 'gone'
          : 'off'
        : null,
    // One that stands still, and could not go on, has lost nothing.
    crashed: wasOn && seen.fault !== undefined && !['running', 'paused', 'suspended'].includes(seen.power),
    wake: seen.applied >= machine.generation || seen.fault !== undefined,
  }
}
