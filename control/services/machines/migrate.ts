import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { z } from 'zod'
import { movable, targets } from '../../domain/migrations/movable.ts'
import { Ref } from '../inputs.ts'
import { type Decision, write } from '../verb.ts'
import { moveChanges, placeMove, zoneFor } from './move.ts'

/**
 * Moves a machine to another host of its zone, to `host` where one is named: one that runs goes on running, one that is stopped goes with its disks.
 * What it needs there is claimed in the batch that accepts. For admins, whosever the machine is.
 */
export const migrateMachine = write('machines.migrate', {
  input: z.object({ machine: Ref, host: Ref.optional() }),
  async run(context, { machine: ref, host: wanted }): Promise<Result<Decision<{ operations: Id<'operation'>[] }>>> {
    const { store } = context
    const found = await store.machines.find('platform', [ref])
    if (!found.ok) return found
    const [machine] = found.value
    if (!machine?.host) return refuse('precondition', `${machine?.name ?? ref} is on no host`)
    const [sources, looked, moving, luggage] = await Promise.all([
      store.hosts.find([machine.host]),
      zoneFor(store, machine.zone, [machine]),
      store.migrations.ofMachines([machine.id]),
      store.migrations.luggage([machine.id]),
    ])
    if (!sources.ok) return sources
    if (!looked.ok) return looked
    if (!moving.ok) return moving
    if (!luggage.ok) return luggage
    const zone = looked.value
    const [source] = sources.value
    if (!source) throw new Error('impossible: found, and not there')
    if (moving.value.length > 0)
      return refuse('precondition', `${machine.name} is on its way to another host already; wait until it has arrived`, {
        field: machine.alias,
      })
    const may = movable(machine, source, luggage.value)
    if (!may.ok) return may
    if (wanted !== undefined) {
      if (wanted === source.id) return refuse('invalid', `${machine.name} runs on ${source.name} already`, { field: 'host' })
      const named = zone.hosts.find(({ id }) => id === wanted)
      if (!named) return refuse('not_found', `there is no host ${wanted} in ${machine.zone}`, { field: 'host' })
      if (targets([named], source).length === 0)
        return refuse(
          'precondition',
          named.facts?.underlay
            ? `${named.name} has another hypervisor than ${source.name}; choose a host of the same kind`
            : `host ${named.name} declares no underlay address, so nothing can be moved to it: enrol its agent with --underlay`,
          { field: 'host' },
        )
    }
    const placed = placeMove(
      machine,
      source,
      wanted === undefined ? zone : { ...zone, hosts: zone.hosts.filter(h => h.id === wanted) },
      new Map(),
      context,
    )
    if (!placed.ok) return placed
    const { operation, changes } = await moveChanges(context, machine, {
      group: zone.groups.get(machine.placementGroup)?.group ?? null,
      source: source.id,
      target: placed.value,
    })
    return ok({ answer: { operations: [operation] }, subjects: [machine.id], changes })
  },
})
