import { ok, type Result } from '@sirocco/shared/kit/fault.ts'
import type { Secret } from '@sirocco/shared/kit/secret.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { z } from 'zod'
import type { Webhook } from '../../domain/events/webhook.ts'
import { type Call, type Decision, write } from '../verb.ts'
import { Description, Types, Url } from './input.ts'
import { newSecret, secretPlace } from './secret.ts'

const Input = z.object({ url: Url, types: Types.default([]), description: Description.default('') })

/**
 * Has an address told of the project's events from now on. The secret is in this answer and nowhere else, so an idempotency token is not
 * remembered: whoever asks twice has two, and deletes one.
 */
export const createWebhook = {
  name: 'webhooks.create' as const,
  input: Input,
  async call(call: Call, input: z.input<typeof Input>): Promise<Result<Webhook & { readonly secret: Secret }>> {
    const secret = newSecret(call.ports)
    const id = call.ports.ids.make('webhook')
    const { token: _, ...once } = call
    const kept = await keep.call(once, { ...input, id, sealed: await call.ports.secrets.seal(secret, secretPlace(id)) })
    return kept.ok ? ok({ ...kept.value, secret }) : kept
  },
}

const keep = write('webhooks.create', {
  input: Input.extend({ id: z.custom<Webhook['id']>(), sealed: z.string() }),
  async run({ principal: { project }, clock }, { id, sealed, ...told }): Promise<Result<Decision<Webhook>>> {
    const webhook = { id, project, ...told }
    return ok({
      answer: { ...webhook, disabledAt: null, createdAt: clock.now() },
      subjects: [id],
      changes: [
        { do: 'webhook.insert', webhook, secret: sealed, limit: limits.webhooks },
        { do: 'event', project, type: 'webhook.made', subject: id },
      ],
    })
  },
})
