import { type Fault, ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { type Machine, stateOfMachine } from '../machines/machine.ts'
import type { Luggage } from '../migrations/luggage.ts'
import { goesOffline, movable } from '../migrations/movable.ts'
import type { Host, Size } from './host.ts'

/** What a maintenance does with a machine of the host. `moves`: as it is, on or off; `stays`: nothing of it runs. */
export type Fate =
  | { readonly do: 'stays'; readonly machine: Machine }
  | { readonly do: 'moves'; readonly machine: Machine; readonly target: Id<'host'> }
  | { readonly do: 'stops'; readonly machine: Machine; readonly why: Fault }

const runs = (machine: Machine): boolean =>
  machine.goneAt === null && (machine.power === 'on' || !['stopped', 'failed', 'gone'].includes(stateOfMachine(machine)))

/** What the fate of machines depends on beside themselves. */
export interface Around {
  readonly luggage: readonly Luggage[]
  /** Moves that came to nothing. */
  readonly failures: ReadonlyMap<string, number>
  /** Machines that the maintenance stopped. */
  readonly stopped: ReadonlySet<string>
  /** What a machine claims on its host. */
  claim(machine: Machine): Size
  /** Proposes a host, with what those before it have taken. */
  target(machine: Machine, taken: ReadonlyMap<Id<'host'>, Size>): Result<Id<'host'>>
}

/** What would become of each machine, one after the other, each with what those before it have taken. */
export function fatesOf(
  source: Host,
  machines: readonly Machine[],
  { luggage, failures, stopped, claim, target }: Around,
): Fate[] {
  const taken = new Map<Id<'host'>, Size>()
  const luggageOf = Map.groupBy(luggage, ({ machine }) => machine)
  return machines.map((machine): Fate => {
    const isOn = runs(machine)
    // One that is off goes where it can, so that it can be started meanwhile; one that this maintenance stopped goes on here.
    if (!isOn && (stopped.has(machine.id) || !goesOffline(machine))) return { do: 'stays', machine }
    const found = targetOf(machine)
    if (!found.ok && !isOn) return { do: 'stays', machine }
    if (!found.ok) return { do: 'stops', machine, why: found.fault }
    taken.set(found.value, plus(taken.get(found.value), claim(machine)))
    return { do: 'moves', machine, target: found.value }
  })

  function targetOf(machine: Machine): Result<Id<'host'>> {
    const may = movable(machine, source, luggageOf.get(machine.id) ?? [])
    if (!may.ok) return may
    const tries = failures.get(machine.id) ?? 0
    if (tries >= limits.maintenanceTries) return refuse('precondition', `${machine.name} could not be moved in ${tries} tries`)
    const found = target(machine, taken)
    return found.ok ? ok(found.value) : found
  }
}

const plus = (one: Size = { vcpus: 0, memoryMiB: 0, diskMiB: 0 }, other: Size): Size => ({
  vcpus: one.vcpus + other.vcpus,
  memoryMiB: one.memoryMiB + other.memoryMiB,
  diskMiB: one.diskMiB + other.diskMiB,
})
