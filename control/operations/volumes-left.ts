import type { Ids } from '@sirocco/shared/kit/id.ts'
import type { Machine } from '../domain/machines/machine.ts'
import { workflowVersions } from '../domain/operations/workflows.ts'
import { nextIntent } from '../domain/volumes/volume.ts'
import type { Change } from '../ports/changes.ts'

/** What becomes of a machine's volumes when nothing of the machine is left: those that go with it are deleted, the others are let go. */
export const volumesLeft = ({ volumes, project }: Pick<Machine, 'volumes' | 'project'>, ids: Ids): Change[] =>
  volumes.flatMap((volume): Change[] => {
    const intent = nextIntent(volume, volume.deleteOnTermination ? { deleted: true } : {})
    const base: Change[] = [
      { do: 'attachment.remove', volume: volume.id },
      { do: 'volume.intent', ...intent },
    ]
    if (!volume.deleteOnTermination)
      return [...base, { do: 'event', project, type: 'volume.released', subject: volume.id, data: {} }]
    const operation = ids.make('operation')
    return [
      ...base,
      {
        do: 'operation.start',
        operation: {
          id: operation,
          kind: 'volume.delete',
          workflow: workflowVersions['volume.delete'],
          project,
          subject: volume.id,
          generation: intent.generation,
        },
      },
      {
        do: 'event',
        project,
        type: 'volume.delete.asked',
        subject: volume.id,
        data: { operation, generation: intent.generation },
      },
    ]
  })
