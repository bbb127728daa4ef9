import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { Secret } from '@sirocco/shared/kit/secret.ts'
import { say } from '@sirocco/shared/model/messages.ts'
import { z } from 'zod'
import { freshSession } from '../sessions/fresh.ts'
import { type Call, write } from '../verb.ts'
import { newTotpSecret, totpAddress } from './codes.ts'

const Input = z.object({})

/**
 * Shows a new secret for an app, which is asked for once a code of it came back (`second-factor.confirm`). It is in this answer and nowhere
 * else: asked again, there is another.
 */
export const beginSecondFactor = {
  name: 'second-factor.begin' as const,
  input: Input,
  async call(call: Call, input: z.input<typeof Input>): Promise<Result<{ readonly secret: Secret; readonly address: Secret }>> {
    const { ports, principal } = call
    const { token: _, ...once } = call
    const secret = newTotpSecret(ports.random)
    const kept = await keep(await ports.secrets.seal(new Secret(secret), `totp|${principal.user}|secret`)).call(once, input)
    return kept.ok
      ? ok({ secret: new Secret(secret), address: new Secret(totpAddress(secret, 'Sirocco', principal.email)) })
      : kept
  },
}

const keep = (secret: string) =>
  write('second-factor.begin', {
    input: Input,
    async run(context) {
      const fresh = await freshSession(context)
      if (!fresh.ok) return fresh
      const { user } = context.principal
      const totp = await context.store.signIn.totp(user)
      if (!totp.ok) return totp
      if (totp.value && totp.value.confirmedAt !== null) return refuse('precondition', say('totp.is_on'))
      return ok({ answer: {}, subjects: [user], changes: [{ do: 'totp.begin', user, secret }] })
    },
  })
