import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { Secret } from '@sirocco/shared/kit/secret.ts'
import { say } from '@sirocco/shared/model/messages.ts'
import { z } from 'zod'
import type { Identity } from '../../domain/access/identity.ts'
import type { Change } from '../../ports/changes.ts'
import { freshSession } from '../sessions/fresh.ts'
import { type Call, type Decision, write } from '../verb.ts'
import { openedFlow } from './flow.ts'
import { vouchedFor } from './vouched.ts'

const Input = z.object({ flow: z.string().max(4_000), answer: z.string().max(8_000), publicUrl: z.string() })

/**
 * Links an account at a provider with one's own here: it signs in from then on, and its groups give roles at the next time. A code is good
 * once, so an idempotency token is not remembered.
 */
export const linkIdentity = {
  name: 'identities.link' as const,
  input: Input,
  async call({ token: _, ...call }: Call, input: z.input<typeof Input>): Promise<Result<Identity>> {
    return keep().call(call, input)
  },
}

/** Of one call: a batch that is tried again asks the provider no second time. */
function keep() {
  let vouched: ReturnType<typeof vouchedFor> | null = null
  return write('identities.link', {
    input: Input,
    async run(context, { flow: sealed, answer, publicUrl }): Promise<Result<Decision<Identity>>> {
      const fresh = await freshSession(context)
      if (!fresh.ok) return fresh
      const { user } = context.principal
      const opened = await openedFlow(context, new Secret(sealed), user)
      // Who asks is known: it is not the session that is refused, here and below.
      if (!opened.ok) return refuse('precondition', say('sign_in.too_late'))
      const { flow, spend } = opened.value
      const provider = await context.store.signIn.provider(flow.provider)
      if (!provider.ok) return provider
      const { id, name } = provider.value
      vouched ??= vouchedFor(context, provider.value, { flow, answer, publicUrl })
      const shown = await vouched
      if (!shown.ok)
        return shown.fault.code === 'unauthenticated'
          ? refuse('precondition', say('identity.refused', { provider: name }))
          : shown
      const { subject } = shown.value
      const known = await context.store.signIn.known(id, subject)
      if (!known.ok) return known
      const answered: Identity = { provider: id, name, createdAt: context.clock.now(), lastUsedAt: null }
      if (known.value?.user === user) return ok({ answer: answered, subjects: [id], changes: [] })
      if (known.value) return refuse('already_exists', say('identity.taken', { provider: name }))
      const changes: readonly Change[] = [
        spend,
        { do: 'identity.insert', provider: id, subject, user },
        { do: 'event', project: null, type: 'identity.linked', subject: user },
      ]
      return ok({ answer: answered, subjects: [id], changes })
    },
  })
}
