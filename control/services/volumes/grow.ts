import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import { z } from 'zod'
import { isIn } from '../../domain/volumes/permit.ts'
import { lyingIn } from '../../domain/volumes/pool.ts'
import { nextIntent } from '../../domain/volumes/volume.ts'
import { Ref, VolumeSize } from '../inputs.ts'
import { still } from '../machines/still.ts'
import { write } from '../verb.ts'
import { begin } from './begin.ts'
import { allChangeable } from './changeable.ts'

/** Makes a volume larger, also under a running guest; its claim on the host grows in the same batch. It never becomes smaller. */
export const growVolume = write('volumes.grow', {
  input: z.object({ volume: Ref, sizeMiB: VolumeSize }),
  async run(context, { volume: ref, sizeMiB }) {
    const { store, scope, ids } = context
    const found = await store.volumes.find(scope, [ref])
    if (!found.ok) return found
    const [volume] = found.value
    if (!volume) throw new Error('impossible: found, and not there')
    if (sizeMiB === volume.sizeMiB) return ok({ answer: { operations: [] }, subjects: [volume.id], changes: [] })
    if (sizeMiB < volume.sizeMiB)
      return refuse(
        'invalid',
        `the volume has ${volume.sizeMiB} MiB, and cannot become smaller; copy its files to a smaller one`,
        {
          field: 'sizeMiB',
        },
      )
    const usable = isIn(volume, ['available', 'in-use', 'attaching'])
    if (!usable.ok) return usable
    const intent = nextIntent(volume, { sizeMiB })
    if (volume.host === null)
      return ok({
        answer: { operations: [] },
        subjects: [volume.id],
        changes: [
          { do: 'volume.intent', ...intent },
          { do: 'quota.spend', project: volume.project, resources: ['disk'] },
          { do: 'event', project: volume.project, type: 'volume.grow.asked', subject: volume.id, data: { sizeMiB } },
        ],
      })
    const changing = await allChangeable(context, volume.attachment ? [volume.attachment.machine] : [])
    if (!changing.ok) return changing
    const stays = await still(store, volume.attachment ? [volume.attachment.machine] : [])
    if (!stays.ok) return stays
    const { operation, changes: begins } = begin(context, 'volume.grow', volume.id, intent.generation)
    return ok({
      answer: { operations: [operation] },
      subjects: [volume.id],
      changes: [
        ...stays.value,
        { do: 'volume.intent', ...intent },
        { do: 'quota.spend', project: volume.project, resources: ['disk'] },
        { do: 'allocation.release', consumer: volume.id },
        {
          do: 'allocation.claim',
          id: ids.make('allocation'),
          consumer: volume.id,
          host: volume.host,
          vcpus: 0,
          memoryMiB: 0,
          diskMiB: sizeMiB,
          lying: lyingIn(volume.pool),
        },
        ...begins,
        { do: 'host.touch', host: volume.host },
      ],
    })
  },
})
