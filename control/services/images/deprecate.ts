import { ok } from '@sirocco/shared/kit/fault.ts'
import { z } from 'zod'
import { Ref } from '../inputs.ts'
import { write } from '../verb.ts'
import { ownedImage } from './owned.ts'

/** Says that there is something better: lists show it as such, and whoever names it can still launch from it. */
export const deprecateImage = write('images.deprecate', {
  input: z.object({ image: Ref, deprecated: z.boolean() }),
  async run(context, { image: ref, deprecated }) {
    const found = await ownedImage(context, ref)
    if (!found.ok) return found
    const { id, project, deprecatedAt } = found.value
    if ((deprecatedAt !== null) === deprecated) return ok({ answer: { image: id }, subjects: [id], changes: [] })
    return ok({
      answer: { image: id },
      subjects: [id],
      changes: [
        { do: 'image.deprecate', image: id, deprecated },
        {
          do: 'event',
          project: project ?? context.principal.project,
          type: 'image.deprecated',
          subject: id,
          data: { deprecated },
        },
      ],
    })
  },
})
