import { type Fault, ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { type Machine, stateOfMachine } from '../machines/machine.ts'
import { movable } from '../migrations/movable.ts'
import type { Host } from './host.ts'

/** What a maintenance does with a machine of the host. `stays`: nothing of it runs. */
export type Fate =
  | { readonly do: 'stays'; readonly machine: Machine }
  | { readonly do: 'moves'; readonly machine: Machine; readonly target: Id<'host'> }
  | { readonly do: 'stops'; readonly machine: Machine; readonly why: Fault }

const runs = (machine: Machine): boolean =>
  machine.goneAt === null && (machine.power === 'on' || !['stopped', 'failed', 'gone'].includes(stateOfMachine(machine)))

/**
 * What would become of each machine, one after the other, each with what those before it have taken. `target` proposes a host; `failures`:
 * moves that came to nothing.
 */
export function fatesOf(
  source: Host,
  machines: readonly Machine[],
  hosts: readonly Host[],
  target: (machine: Machine, hosts: readonly Host[]) => Result<Id<'host'>>,
  failures: ReadonlyMap<string, number> = new Map(),
): Fate[] {
  let room = hosts
  return machines.map((machine): Fate => {
    if (!runs(machine)) return { do: 'stays', machine }
    const found = targetOf(machine)
    if (!found.ok) return { do: 'stops', machine, why: found.fault }
    room = room.map(host => (host.id === found.value ? taken(host, machine) : host))
    return { do: 'moves', machine, target: found.value }
  })

  function targetOf(machine: Machine): Result<Id<'host'>> {
    const may = movable(machine, source)
    if (!may.ok) return may
    const tries = failures.get(machine.id) ?? 0
    if (tries >= limits.maintenanceTries) return refuse('precondition', `${machine.name} could not be moved in ${tries} tries`)
    const found = target(machine, room)
    return found.ok ? ok(found.value) : found
  }
}

const taken = (host: Host, { vcpus, memoryMiB, diskMiB }: Machine): Host => ({
  ...host,
  used: {
    vcpus: host.used.vcpus + vcpus,
    memoryMiB: host.used.memoryMiB + memoryMiB,
    diskMiB: host.used.diskMiB + diskMiB,
  },
})
