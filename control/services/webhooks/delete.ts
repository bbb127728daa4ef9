import { ok } from '@sirocco/shared/kit/fault.ts'
import { z } from 'zod'
import { Ref } from '../inputs.ts'
import { write } from '../verb.ts'

/** It is told of nothing any more, and what was told is forgotten. One that is not there is no error. */
export const deleteWebhook = write('webhooks.delete', {
  input: z.object({ webhook: Ref }),
  async run({ store, principal: { project } }, { webhook }) {
    const found = await store.webhooks.find(project, webhook)
    if (!found.ok) return found.fault.code === 'not_found' ? ok({ answer: {}, subjects: [], changes: [] }) : found
    const { id } = found.value
    return ok({
      answer: {},
      subjects: [id],
      changes: [
        { do: 'webhook.delete', webhook: id },
        { do: 'event', project, type: 'webhook.gone', subject: id },
      ],
    })
  },
})
