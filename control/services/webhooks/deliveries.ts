import { ok } from '@sirocco/shared/kit/fault.ts'
import { z } from 'zod'
import { Page, Ref } from '../inputs.ts'
import { read, write } from '../verb.ts'

/** What a webhook was told, newest first, and how that went. */
export const listDeliveries = read('webhooks.deliveries', {
  input: Page.extend({ webhook: Ref }),
  async run({ store, principal }, { webhook, ...page }) {
    const found = await store.webhooks.find(principal.project, webhook)
    return found.ok ? store.webhooks.deliveries(found.value.id, page) : found
  },
})

/** Tells a webhook of an event again, under the same id, whether it arrived before or not. */
export const replayDelivery = write('webhooks.replay', {
  input: z.object({ webhook: Ref, delivery: Ref }),
  async run({ store, principal: { project } }, { webhook, delivery }) {
    const found = await store.webhooks.find(project, webhook)
    if (!found.ok) return found
    const sent = await store.webhooks.delivery(found.value.id, delivery)
    if (!sent.ok) return sent
    return ok({
      answer: {},
      subjects: [found.value.id, sent.value.id],
      changes: [
        { do: 'delivery.again', delivery: sent.value.id },
        // Whoever tells webhooks looks when something happens.
        { do: 'event', project, type: 'webhook.replayed', subject: found.value.id, data: { delivery: sent.value.id } },
      ],
    })
  },
})
