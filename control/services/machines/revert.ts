import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { changeRefusal } from '@sirocco/shared/model/machines/transitions.ts'
import { z } from 'zod'
import { because } from '../../domain/machines/because.ts'
import { isRescued, stateOfMachine } from '../../domain/machines/machine.ts'
import type { Change } from '../../ports/changes.ts'
import { Ref } from '../inputs.ts'
import { write } from '../verb.ts'
import { goBack } from '../volumes/go-back.ts'

/**
 * Takes a stopped machine back to one moment: every volume that was kept then goes back, or none. Volumes that it was given since are left as they
 * are; one that it has no longer, or a snapshot that is deleted, refuses the whole.
 */
export const revertMachine = write('machines.revert', {
  input: z.object({ machine: Ref, snapshot: Ref }),
  async run(context, { machine: ref, snapshot: back }) {
    const { store, scope } = context
    const [found, named] = await Promise.all([store.machines.find(scope, [ref]), store.snapshots.find(scope, [back])])
    if (!found.ok) return found
    if (!named.ok) return named
    const [machine] = found.value
    const [one] = named.value
    if (!machine || !one) throw new Error('impossible: found, and not there')
    const why = changeRefusal('revert', stateOfMachine(machine), isRescued(machine))
    if (why) return refuse('precondition', because(why, machine.name), { field: machine.alias })
    if (one.moment === null)
      return refuse('precondition', `${one.alias} is of one volume alone; take that volume back to it instead`, {
        field: 'snapshot',
      })
    const snapshots = await store.snapshots.ofMoment(scope, one.moment)
    if (!snapshots.ok) return snapshots
    const has = new Set<string>(machine.volumes.map(({ id }) => id))
    const missing = snapshots.value.find(({ volume }) => !has.has(volume))
    if (missing)
      return refuse(
        'precondition',
        `${machine.name} does not have ${missing.volumeAlias}, which was kept at that moment; attach it, or take volumes back one by one`,
        { field: 'snapshot' },
      )
    const volumes = await store.volumes.find(
      scope,
      snapshots.value.map(({ volume }) => volume),
    )
    if (!volumes.ok) return volumes
    const byId = new Map(volumes.value.map(volume => [volume.id, volume]))
    const operations: Id<'operation'>[] = []
    const changes: Change[] = [{ do: 'machine.holds', machine: machine.id, version: machine.version }]
    for (const snapshot of snapshots.value) {
      const volume = byId.get(snapshot.volume)
      if (!volume) throw new Error('impossible: found, and not there')
      const going = goBack(context, volume, snapshot)
      if (!going.ok) return going
      operations.push(going.value.operation)
      changes.push(...going.value.changes)
    }
    changes.push({
      do: 'event',
      project: machine.project,
      type: 'machine.revert.asked',
      subject: machine.id,
      data: { moment: one.moment },
    })
    return ok({ answer: { operations }, subjects: [machine.id, ...byId.keys()], changes })
  },
})
