import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { say } from '@sirocco/shared/model/messages.ts'
import { z } from 'zod'
import { freshSession } from '../sessions/fresh.ts'
import { type Call, write } from '../verb.ts'
import { newRecoveryCodes } from './codes.ts'
import { hashesOf } from './confirm.ts'

const Input = z.object({})

/** New recovery codes in place of the old ones; in this answer and nowhere else. */
export const renewRecoveryCodes = {
  name: 'second-factor.renew-codes' as const,
  input: Input,
  async call(call: Call, input: z.input<typeof Input>): Promise<Result<readonly string[]>> {
    const { token: _, ...once } = call
    const codes = newRecoveryCodes(call.ports.random)
    const kept = await keep(await hashesOf(codes)).call(once, input)
    return kept.ok ? ok(codes) : kept
  },
}

const keep = (hashes: readonly string[]) =>
  write('second-factor.renew-codes', {
    input: Input,
    async run(context) {
      const fresh = await freshSession(context)
      if (!fresh.ok) return fresh
      const { user } = context.principal
      const totp = await context.store.signIn.totp(user)
      if (!totp.ok) return totp
      if (!totp.value || totp.value.confirmedAt === null) return refuse('precondition', say('totp.is_off'))
      return ok({
        answer: {},
        subjects: [user],
        changes: [
          { do: 'recovery.set', user, hashes },
          { do: 'event', project: null, type: 'second-factor.codes-renewed', subject: user },
        ],
      })
    },
  })
