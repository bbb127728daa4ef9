import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { nextIntent } from '../../domain/volumes/volume.ts'
import type { Change } from '../../ports/changes.ts'
import { VolumeRefs } from '../inputs.ts'
import { write } from '../verb.ts'
import { begin } from './begin.ts'

/** Deletes volumes that no machine has, all or none. Snapshots of them stay. Those deleted already are left alone. */
export const deleteVolumes = write('volumes.delete', {
  input: VolumeRefs,
  async run(context, { volumes: refs }) {
    const found = await context.store.volumes.find(context.scope, [...new Set(refs)])
    if (!found.ok) return found
    const operations: Id<'operation'>[] = []
    const changes: Change[] = []
    for (const volume of found.value) {
      if (volume.deleted) continue
      if (volume.attachment)
        return refuse('precondition', `${volume.alias} is attached to ${volume.attachment.machineAlias}; detach it first`, {
          field: volume.alias,
        })
      const intent = nextIntent(volume, { deleted: true })
      changes.push({ do: 'volume.intent', ...intent })
      if (volume.host === null) {
        changes.push(
          { do: 'volume.gone', volume: volume.id, generation: intent.generation },
          { do: 'event', project: volume.project, type: 'volume.gone', subject: volume.id, data: {} },
        )
        continue
      }
      const { operation, changes: begins } = begin(context, 'volume.delete', volume.id, intent.generation)
      operations.push(operation)
      changes.push(...begins, { do: 'host.touch', host: volume.host })
    }
    return ok({ answer: { operations }, subjects: found.value.map(v => v.id), changes })
  },
})
