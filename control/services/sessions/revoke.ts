import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { z } from 'zod'
import { Ref } from '../inputs.ts'
import { write } from '../verb.ts'

/** Ends a session of one's own, here or elsewhere. */
export const revokeSession = write('sessions.revoke', {
  input: z.object({ session: Ref }),
  async run({ store, principal }, { session }) {
    const own = await store.tenancy.sessions(principal.user, { after: null, limit: limits.pageMax })
    if (!own.ok) return own
    const found = own.value.items.find(one => one.id === session)
    if (!found) return refuse('not_found', `there is no session ${session}`, { field: 'session' })
    return ok({ answer: {}, subjects: [found.id], changes: [{ do: 'session.end', id: found.id }] })
  },
})
