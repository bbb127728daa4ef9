import { ok } from '@sirocco/shared/kit/fault.ts'
import { z } from 'zod'
import { Ref } from '../inputs.ts'
import { write } from '../verb.ts'
import { ownedImage } from './owned.ts'

/** Says that machines in rescue boot from it where nobody says from what, or takes it back. */
export const markImageForRescue = write('images.for-rescue', {
  input: z.object({ image: Ref, forRescue: z.boolean() }),
  async run(context, { image: ref, forRescue }) {
    const found = await ownedImage(context, ref)
    if (!found.ok) return found
    const { id, project } = found.value
    if (found.value.forRescue === forRescue) return ok({ answer: { image: id }, subjects: [id], changes: [] })
    return ok({
      answer: { image: id },
      subjects: [id],
      changes: [
        { do: 'image.for-rescue', image: id, forRescue },
        {
          do: 'event',
          project: project ?? context.principal.project,
          type: 'image.for-rescue',
          subject: id,
          data: { forRescue },
        },
      ],
    })
  },
})
