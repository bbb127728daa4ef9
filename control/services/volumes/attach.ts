import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { z } from 'zod'
import { devices, freeDevice, rootDevice } from '../../domain/volumes/device.ts'
import { attachable } from '../../domain/volumes/permit.ts'
import { lyingIn } from '../../domain/volumes/pool.ts'
import { nextIntent } from '../../domain/volumes/volume.ts'
import type { Change } from '../../ports/changes.ts'
import { Ref } from '../inputs.ts'
import { still } from '../machines/still.ts'
import { write } from '../verb.ts'
import { begin } from './begin.ts'
import { taken } from './taken.ts'

/** Gives a volume to a machine, also while it runs. Where it never lay anywhere, it is placed on the machine's host by this. */
export const attachVolume = write('volumes.attach', {
  input: z.object({
    volume: Ref,
    machine: Ref,
    /** Where the guest finds it: `vda` to boot from, `vdc` and on; the first that is free where it is not said. */
    device: z.enum([rootDevice, ...devices], 'a device is vda, or vdc to vdz').optional(),
    readOnly: z.boolean().default(false),
    deleteOnTermination: z.boolean().default(false),
  }),
  async run(context, { volume: ref, machine: to, device: wanted, readOnly, deleteOnTermination }) {
    const { store, scope, ids } = context
    const [volumes, machines] = await Promise.all([store.volumes.find(scope, [ref]), store.machines.find(scope, [to])])
    if (!volumes.ok) return volumes
    if (!machines.ok) return machines
    const [[volume], [machine]] = [volumes.value, machines.value]
    if (!volume || !machine) throw new Error('impossible: found, and not there')
    if (volume.attachment?.machine === machine.id) return ok({ answer: { operations: [] }, subjects: [volume.id], changes: [] })
    const may = attachable(volume, machine)
    if (!may.ok) return may
    const stays = await still(store, [machine.id])
    if (!stays.ok) return stays
    const { host } = machine
    if (host === null) throw new Error('impossible: attachable to a machine without a host')

    const used = machine.volumes.map(one => one.device)
    const device = wanted ?? freeDevice(used)
    if (device === null)
      return refuse('precondition', `${machine.name} has ${limits.volumesOfMachine} further volumes, and takes no more`, {
        field: 'machine',
      })
    if (used.includes(device))
      return refuse('precondition', `${machine.name} has another volume as ${device}; choose another device, or leave it out`, {
        field: 'device',
      })
    const boot = device === rootDevice
    if (boot && machine.power !== 'off' && machine.power !== 'cut')
      return refuse('precondition', `stop ${machine.name} before it gets another volume to boot from`, { field: 'device' })

    const intent = nextIntent(volume)
    // Of a shared pool: it lies where its host can see it, too.
    const from = volume.host !== null && volume.host !== host ? volume.host : null
    const comes = from === null ? null : taken(from, host, volume, ids.make('allocation'))
    const generation = comes === null ? intent.generation : intent.generation + 1
    const { operation, changes: begins } = begin(context, 'volume.attach', volume.id, generation)
    const changes: Change[] = [
      { do: 'machine.holds', machine: machine.id, version: machine.version },
      ...stays.value,
      ...(comes ?? [{ do: 'volume.intent', ...intent } as const]),
      {
        do: 'attachment.insert',
        attachment: { volume: volume.id, machine: machine.id, device, boot, readOnly, deleteOnTermination },
      },
      ...(volume.host !== null
        ? []
        : [
            {
              do: 'allocation.claim',
              id: ids.make('allocation'),
              consumer: volume.id,
              host,
              vcpus: 0,
              memoryMiB: 0,
              diskMiB: volume.sizeMiB,
              lying: lyingIn(volume.pool),
            } as const,
          ]),
      ...begins,
      { do: 'host.touch', host },
    ]
    return ok({ answer: { operations: [operation] }, subjects: [volume.id, machine.id], changes })
  },
})
