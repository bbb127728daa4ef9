import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { changeRefusal } from '@sirocco/shared/model/machines/transitions.ts'
import { z } from 'zod'
import { because } from '../../domain/machines/because.ts'
import { isRescued, stateOfMachine } from '../../domain/machines/machine.ts'
import { isIn } from '../../domain/volumes/permit.ts'
import type { Change } from '../../ports/changes.ts'
import { Name, Ref, Tags } from '../inputs.ts'
import { newSnapshot } from '../snapshots/new.ts'
import { write } from '../verb.ts'

/**
 * Keeps what all volumes of a machine hold at one moment, also while it runs: its guest's file systems stand still meanwhile where an agent
 * in it can have them do so, else it is as a power cut would leave it. The first snapshot is of what it boots from.
 */
export const snapshotMachine = write('machines.snapshot', {
  input: z.object({ machine: Ref, name: Name.optional(), tags: Tags.default({}) }),
  async run(context, { machine: ref, name, tags }) {
    const { store, scope, principal } = context
    const found = await store.machines.find(scope, [ref])
    if (!found.ok) return found
    const [machine] = found.value
    if (!machine) throw new Error('impossible: found, and not there')
    const why = changeRefusal('snapshot', stateOfMachine(machine), isRescued(machine))
    if (why) return refuse('precondition', because(why, machine.name), { field: machine.alias })
    const ordered = [...machine.volumes].sort((a, b) => Number(b.boot) - Number(a.boot))
    const volumes =
      ordered.length === 0
        ? ok([])
        : await store.volumes.find(
            scope,
            ordered.map(({ id }) => id),
          )
    if (!volumes.ok) return volumes
    if (volumes.value.length === 0)
      return refuse('precondition', `${machine.name} has no volume; attach one first`, { field: machine.alias })
    const pools = new Map(volumes.value.map(({ pool }) => [pool.id, pool.type]))
    if (pools.size > 1 && [...pools.values()].includes('rbd'))
      return refuse(
        'unsupported',
        `volumes of ${machine.name} lie in a pool in Ceph and in others, which cannot be kept at one moment; take a snapshot of each`,
        { field: machine.alias },
      )
    let moment: Id<'snapshot'> | null = null
    const snapshots: Id<'snapshot'>[] = []
    const operations: Id<'operation'>[] = []
    const changes: Change[] = [{ do: 'machine.holds', machine: machine.id, version: machine.version }]
    for (const volume of volumes.value) {
      const usable = isIn(volume, ['in-use'])
      if (!usable.ok) return usable
      const made = newSnapshot(context, volume, { name: name ?? tags.Name ?? '', passing: false, moment: moment ?? 'its own' })
      moment ??= made.snapshot
      snapshots.push(made.snapshot)
      operations.push(made.operation)
      changes.push(...made.changes)
      for (const [key, value] of Object.entries(tags))
        changes.push({ do: 'tag.set', project: principal.project, resource: made.snapshot, key, value })
    }
    if (moment === null) throw new Error('impossible: volumes, and no snapshot')
    changes.push({ do: 'event', project: machine.project, type: 'machine.snapshot.asked', subject: machine.id, data: { moment } })
    return ok({ answer: { moment, snapshots, operations }, subjects: [machine.id, ...snapshots], changes })
  },
})
