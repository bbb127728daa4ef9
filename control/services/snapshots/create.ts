import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import { z } from 'zod'
import { isIn, outsideRescue } from '../../domain/volumes/permit.ts'
import { Name, Ref, Tags } from '../inputs.ts'
import { still } from '../machines/still.ts'
import { write } from '../verb.ts'
import { allChangeable } from '../volumes/changeable.ts'
import { newSnapshot } from './new.ts'

/** Keeps what a volume holds at one moment, also while a guest writes to it: as a power cut would leave it. */
export const createSnapshot = write('snapshots.create', {
  input: z.object({ volume: Ref, name: Name.optional(), tags: Tags.default({}) }),
  async run(context, { volume: ref, name, tags }) {
    const found = await context.store.volumes.find(context.scope, [ref])
    if (!found.ok) return found
    const [volume] = found.value
    if (!volume) throw new Error('impossible: found, and not there')
    const usable = isIn(volume, ['available', 'in-use'])
    if (!usable.ok) return usable
    const outside = outsideRescue(volume)
    if (!outside.ok) return outside
    if (volume.host === null)
      return refuse('precondition', `${volume.alias} was never used and holds nothing yet; attach it to a machine first`, {
        field: volume.alias,
      })
    const changing = await allChangeable(context, volume.attachment ? [volume.attachment.machine] : [])
    if (!changing.ok) return changing
    const stays = await still(context.store, volume.attachment ? [volume.attachment.machine] : [])
    if (!stays.ok) return stays
    const { snapshot, operation, changes } = newSnapshot(context, volume, { name: name ?? tags.Name ?? '', passing: false })
    const { project } = context.principal
    return ok({
      answer: { snapshot, operations: [operation] },
      subjects: [snapshot, volume.id],
      changes: [
        ...stays.value,
        ...changes,
        ...Object.entries(tags).map(([key, value]) => ({ do: 'tag.set', project, resource: snapshot, key, value }) as const),
      ],
    })
  },
})
