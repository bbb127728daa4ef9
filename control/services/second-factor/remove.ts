import { ok } from '@sirocco/shared/kit/fault.ts'
import { z } from 'zod'
import { freshSession } from '../sessions/fresh.ts'
import { write } from '../verb.ts'

/** Turns codes off; one that was begun and never confirmed goes, too. */
export const removeSecondFactor = write('second-factor.remove', {
  input: z.object({}),
  async run(context) {
    const fresh = await freshSession(context)
    if (!fresh.ok) return fresh
    const { user } = context.principal
    const totp = await context.store.signIn.totp(user)
    if (!totp.ok) return totp
    if (!totp.value) return ok({ answer: {}, subjects: [user], changes: [] })
    return ok({
      answer: {},
      subjects: [user],
      changes: [
        { do: 'totp.drop', user },
        { do: 'event', project: null, type: 'second-factor.off', subject: user },
      ],
    })
  },
})
