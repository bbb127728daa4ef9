import { ok } from '@sirocco/shared/kit/fault.ts'
import { z } from 'zod'
import { workflowVersions } from '../../domain/operations/workflows.ts'
import { Ref } from '../inputs.ts'
import { write } from '../verb.ts'
import { ownedImage } from './owned.ts'

/** Nobody launches from it or sees it from now on; machines on it run on, and its bytes stay until the last of them is gone. */
export const deleteImage = write('images.delete', {
  input: z.object({ image: Ref }),
  async run(context, { image: ref }) {
    const found = await ownedImage(context, ref)
    if (!found.ok) return found
    const { id, generation, project, import: making } = found.value
    const operation = context.ids.make('operation')
    return ok({
      answer: { operation, subject: id },
      subjects: [id],
      changes: [
        { do: 'image.delete', image: id, generation },
        {
          do: 'operation.start',
          operation: {
            id: operation,
            kind: 'image.delete',
            workflow: workflowVersions['image.delete'],
            project: context.principal.project,
            subject: id,
            generation: generation + 1,
          },
        },
        ...(making?.host ? [{ do: 'host.touch', host: making.host } as const] : []),
        { do: 'event', project: project ?? context.principal.project, type: 'image.deleted', subject: id, data: { operation } },
      ],
    })
  },
})
