import { ok } from '@sirocco/shared/kit/fault.ts'
import { z } from 'zod'
import type { Webhook } from '../../domain/events/webhook.ts'
import { Ref } from '../inputs.ts'
import { write } from '../verb.ts'
import { Description, Types, Url } from './input.ts'

/** Where it is told, of what, and whether at all: what is not named stays. One that is told again begins with the next event. */
export const changeWebhook = write('webhooks.change', {
  input: z.object({
    webhook: Ref,
    url: Url.optional(),
    types: Types.optional(),
    description: Description.optional(),
    disabled: z.boolean().optional(),
  }),
  async run({ store, principal: { project }, clock }, { webhook, disabled, url, types, description }) {
    const found = await store.webhooks.find(project, webhook)
    if (!found.ok) return found
    const told = {
      ...(url === undefined ? {} : { url }),
      ...(types === undefined ? {} : { types }),
      ...(description === undefined ? {} : { description }),
    }
    const before = found.value.disabledAt
    const disabledAt = disabled === undefined ? before : disabled ? (before ?? clock.now()) : null
    const { id } = found.value
    const answer: Webhook = { ...found.value, ...told, disabledAt }
    return ok({
      answer,
      subjects: [id],
      changes: [
        {
          do: 'webhook.change',
          webhook: id,
          ...told,
          ...(disabled === undefined || disabled === (before !== null) ? {} : { disabled }),
        },
        { do: 'event', project, type: 'webhook.changed', subject: id },
      ],
    })
  },
})
