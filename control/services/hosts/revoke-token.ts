import { ok } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { z } from 'zod'
import { write } from '../verb.ts'

/** Ends a token that nobody has used: refused as `conflict` where somebody has, or it is ended already. */
export const revokeEnrolToken = write('hosts.revoke-token', {
  input: z.object({ token: z.string().min(1).max(64) }),
  async run(_, { token }) {
    const id = token as Id<'enrolment'>
    return ok({
      answer: {},
      subjects: [id],
      changes: [
        { do: 'enrolment.revoke', id },
        { do: 'event', project: null, type: 'host.enrol-token.revoked', subject: id },
      ],
    })
  },
})
