import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import { say } from '@sirocco/shared/model/messages.ts'
import { z } from 'zod'
import type { Person } from '../../domain/access/member.ts'
import { Ref } from '../inputs.ts'
import { write } from '../verb.ts'

/** Keeps somebody out, or lets them in again. Their sessions end at once; their keys are refused for as long. What they made stays. */
export const disableUser = write('users.disable', {
  input: z.object({ user: Ref, disabled: z.boolean() }),
  async run({ store, principal, clock }, { user, disabled }) {
    const found = await store.tenancy.user(user)
    if (!found.ok) return found
    const { id, email, createdAt, disabledAt, admins } = found.value
    if (disabled && id === principal.user) return refuse('precondition', say('user.is_self'))
    if (disabled && admins === 0) return refuse('precondition', say('user.last_admin', { email }))
    const answer: Person = { id, email, createdAt, disabledAt: disabled ? (disabledAt ?? clock.now()) : null }
    if (disabled === (disabledAt !== null)) return ok({ answer, subjects: [id], changes: [] })
    return ok({
      answer,
      subjects: [id],
      changes: [
        { do: 'user.disable', user: id, disabled },
        ...(disabled ? [{ do: 'platform.administered' } as const] : []),
        { do: 'event', project: null, type: disabled ? 'user.disabled' : 'user.enabled', subject: id },
      ],
    })
  },
})
