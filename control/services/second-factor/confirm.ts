import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { say } from '@sirocco/shared/model/messages.ts'
import { z } from 'zod'
import { freshSession } from '../sessions/fresh.ts'
import { sha256 } from '../sha256.ts'
import { type Call, write } from '../verb.ts'
import { newRecoveryCodes, plainRecoveryCode, stepOf } from './codes.ts'

const Input = z.object({ code: z.string().max(20) })

/** Turns codes on by a first one. The recovery codes are in this answer and nowhere else. */
export const confirmSecondFactor = {
  name: 'second-factor.confirm' as const,
  input: Input,
  async call(call: Call, input: z.input<typeof Input>): Promise<Result<readonly string[]>> {
    const { token: _, ...once } = call
    const codes = newRecoveryCodes(call.ports.random)
    const kept = await keep(await hashesOf(codes)).call(once, input)
    return kept.ok ? ok(codes) : kept
  },
}

export const hashesOf = (codes: readonly string[]): Promise<string[]> =>
  Promise.all(codes.map(code => sha256(plainRecoveryCode(code))))

const keep = (hashes: readonly string[]) =>
  write('second-factor.confirm', {
    input: Input,
    async run(context, { code }) {
      const { store, secrets, clock, principal } = context
      const { user } = principal
      const fresh = await freshSession(context)
      if (!fresh.ok) return fresh
      const totp = await store.signIn.totp(user)
      if (!totp.ok) return totp
      if (!totp.value) return refuse('precondition', say('totp.is_off'))
      if (totp.value.confirmedAt !== null) return refuse('precondition', say('totp.is_on'))
      const secret = await secrets.open(totp.value.secret, `totp|${user}|secret`)
      if (!secret.ok) return secret
      const step = stepOf(code.replaceAll(/\s/g, ''), secret.value.reveal(), clock.now())
      if (step === null) return refuse('invalid', say('totp.wrong_code'), { field: 'code' })
      return ok({
        answer: {},
        subjects: [user],
        changes: [
          { do: 'totp.confirm', user, secret: totp.value.secret, step },
          { do: 'recovery.set', user, hashes },
          { do: 'event', project: null, type: 'second-factor.on', subject: user },
        ],
      })
    },
  })
