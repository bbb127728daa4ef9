import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { changeRefusal } from '@sirocco/shared/model/machines/transitions.ts'
import { z } from 'zod'
import { because } from '../../domain/machines/because.ts'
import { isRescued, stateOfMachine } from '../../domain/machines/machine.ts'
import type { Volume } from '../../domain/volumes/volume.ts'
import type { Change } from '../../ports/changes.ts'
import { Ref } from '../inputs.ts'
import { type Context, write } from '../verb.ts'
import { goBack } from './go-back.ts'

/** Takes a volume back to what one of its snapshots holds; its machine is off, its size stays, and so do later snapshots. */
export const revertVolume = write('volumes.revert', {
  input: z.object({ volume: Ref, snapshot: Ref }),
  async run(context, { volume: ref, snapshot: back }) {
    const { store, scope } = context
    const [found, snapshots] = await Promise.all([store.volumes.find(scope, [ref]), store.snapshots.find(scope, [back])])
    if (!found.ok) return found
    if (!snapshots.ok) return snapshots
    const [volume] = found.value
    const [snapshot] = snapshots.value
    if (!volume || !snapshot) throw new Error('impossible: found, and not there')
    const off = await machineIsOff(context, volume)
    if (!off.ok) return off
    const going = goBack(context, volume, snapshot)
    if (!going.ok) return going
    return ok({
      answer: { operations: [going.value.operation] },
      subjects: [volume.id, snapshot.id],
      changes: [...off.value, ...going.value.changes],
    })
  },
})

/** Nobody writes to it: what holds that in the batch. */
async function machineIsOff({ store, scope }: Context, { attachment }: Volume): Promise<Result<Change[]>> {
  if (!attachment) return ok([])
  const found = await store.machines.find(scope, [attachment.machine])
  if (!found.ok) return found
  const [machine] = found.value
  if (!machine) throw new Error('impossible: found, and not there')
  const why = changeRefusal('revert', stateOfMachine(machine), isRescued(machine))
  if (why) return refuse('precondition', because(why, machine.name), { field: machine.alias })
  return ok([{ do: 'machine.holds', machine: machine.id, version: machine.version }])
}
