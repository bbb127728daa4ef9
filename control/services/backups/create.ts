import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import { z } from 'zod'
import { isIn, outsideRescue } from '../../domain/volumes/permit.ts'
import { Name, Ref } from '../inputs.ts'
import { still } from '../machines/still.ts'
import { newSnapshot } from '../snapshots/new.ts'
import { write } from '../verb.ts'
import { begin } from '../volumes/begin.ts'

/** Keeps in the blob store what a volume holds at one moment, also while a guest writes to it: as a power cut would leave it. */
export const createBackup = write('backups.create', {
  input: z.object({ volume: Ref, name: Name.optional() }),
  async run(context, { volume: ref, name = '' }) {
    const { store, scope, ids, principal } = context
    const found = await store.volumes.find(scope, [ref])
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
    const stays = await still(store, volume.attachment ? [volume.attachment.machine] : [])
    if (!stays.ok) return stays
    const backup = ids.make('backup')
    const { snapshot, operation: freezing, changes } = newSnapshot(context, volume, { name: '', passing: true })
    const { operation, changes: begins } = begin(context, 'backup.create', backup, 1)
    return ok({
      answer: { backup, operations: [operation, freezing] },
      subjects: [backup, volume.id],
      changes: [
        ...stays.value,
        ...changes,
        {
          do: 'backup.insert',
          backup: {
            id: backup,
            project: principal.project,
            name,
            volume: volume.id,
            volumeAlias: volume.alias,
            sizeMiB: volume.sizeMiB,
            snapshot,
          },
        },
        ...begins,
      ],
    })
  },
})
