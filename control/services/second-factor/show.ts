import { ok } from '@sirocco/shared/kit/fault.ts'
import { z } from 'zod'
import { read } from '../verb.ts'

/** Whether one's own sign-in asks for a code, and how many recovery codes are left. */
export const showSecondFactor = read('second-factor.show', {
  input: z.object({}),
  async run({ store, principal }) {
    const [totp, left] = await Promise.all([store.signIn.totp(principal.user), store.signIn.recoveryCodes(principal.user)])
    if (!totp.ok) return totp
    if (!left.ok) return left
    return ok({ since: totp.value?.confirmedAt ?? null, recoveryCodes: left.value })
  },
})
