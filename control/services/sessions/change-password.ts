import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { Secret } from '@sirocco/shared/kit/secret.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { say } from '@sirocco/shared/model/messages.ts'
import { z } from 'zod'
import type { Origin } from '../../domain/access/origin.ts'
import { type Call, write } from '../verb.ts'
import { freshSession } from './fresh.ts'
import { hashPassword } from './password.ts'
import { passwordHolds, passwordWork } from './sign-in.ts'

const Input = z.object({ old: z.string().max(1_000).optional(), new: z.string().max(1_000) })

/**
 * Another password of one's own, for who shows the old one; who has none yet has just signed in by something else. All other sessions end.
 * Passwords are in nothing that is kept: an idempotency token is not remembered.
 */
export const changePassword = {
  name: 'password.change' as const,
  input: Input,
  async call(call: Call & { readonly origin: Origin }, input: z.input<typeof Input>): Promise<Result<unknown>> {
    const { token: _, origin, ...once } = call
    return change(origin).call(once, input)
  },
}

const change = (origin: Origin) =>
  write('password.change', {
    input: Input,
    async run(context, { old, new: wanted }) {
      const { store, principal, random } = context
      if (principal.via.kind !== 'session') return refuse('precondition', say('sign_in.only_session'))
      if (wanted.length < limits.passwordLength)
        return refuse('invalid', say('password.too_short', { length: String(limits.passwordLength) }), { field: 'new' })
      const { user, email } = principal
      const found = await store.tenancy.user(user)
      if (!found.ok) return found
      const { password: stored } = found.value
      if (stored === null) {
        const fresh = await freshSession(context)
        if (!fresh.ok) return fresh
      } else {
        if (old === undefined) return refuse('invalid', say('password.wrong'), { field: 'old' })
        const holds = await passwordHolds(context, { account: email, origin, stored, password: new Secret(old) })
        // Who asks is known: it is the field that is wrong, not the session.
        if (!holds.ok)
          return holds.fault.code === 'unauthenticated' ? refuse('invalid', say('password.wrong'), { field: 'old' }) : holds
      }
      const hash = await passwordWork(() => hashPassword(new Secret(wanted), random))
      if (!hash.ok) return hash
      return ok({
        answer: {},
        subjects: [user],
        changes: [
          { do: 'user.password', user, from: stored, password: hash.value },
          { do: 'session.end-others', user, but: principal.via.id },
          { do: 'event', project: null, type: 'password.changed', subject: user },
        ],
      })
    },
  })
