import { type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { say } from '@sirocco/shared/model/messages.ts'
import type { Host } from '../hosts/host.ts'
import { isRescued, type Machine, stateOfMachine } from '../machines/machine.ts'
import { carried, type Luggage } from './luggage.ts'

/** It is off and wanted so: its volumes are all that moves. */
export const goesOffline = (machine: Machine): boolean =>
  (machine.power === 'off' || machine.power === 'cut') && stateOfMachine(machine) === 'stopped'

/** May this machine leave its host as it is? Refused with what is in the way, for an admin. */
export function movable(machine: Machine, source: Host, luggage: readonly Luggage[]): Result<void> {
  const state = stateOfMachine(machine)
  if (source.silentSince !== null)
    return refuse('precondition', `host ${source.name} does not answer; nothing can be moved from it before it is back`)
  if (isRescued(machine))
    return refuse('precondition', say('machine.is_rescued', { name: machine.name }), { field: machine.alias })
  if (state === 'suspended' || state === 'paused')
    return refuse(
      'precondition',
      `${machine.name} is ${state}: what is in its memory stays on its host; resume it, and move it while it runs, or stop it first`,
      { field: machine.alias },
    )
  if (state !== 'running' && !goesOffline(machine))
    return refuse(
      'precondition',
      `${machine.name} is ${state}: a machine moves to another host while it runs, or while it is stopped`,
      {
        field: machine.alias,
      },
    )
  if (machine.firmware === 'uefi' && goesOffline(machine))
    return refuse(
      'precondition',
      `${machine.name} starts from UEFI, whose settings stay on its host while it is off: start it, and move it while it runs`,
      { field: machine.alias },
    )
  if (!source.facts?.underlay)
    return refuse(
      'precondition',
      `host ${source.name} declares no underlay address, so nothing can be moved from it: enrol its agent with --underlay`,
    )
  return carried(machine.name, luggage)
}

/** Hosts that a machine of `source` could run on as it is: their hypervisors are of one kind, and a network joins them. */
export const targets = (hosts: readonly Host[], source: Host): Host[] =>
  hosts.filter(
    ({ id, facts, zone }) =>
      id !== source.id &&
      zone === source.zone &&
      facts?.underlay != null &&
      facts.hypervisor === source.facts?.hypervisor &&
      facts.architecture === source.facts.architecture &&
      facts.acceleration === source.facts.acceleration,
  )
