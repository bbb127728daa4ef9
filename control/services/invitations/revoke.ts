import { ok } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { z } from 'zod'
import { Ref } from '../inputs.ts'
import { write } from '../verb.ts'

/** Withdraws an invitation; one that is not there (any more) is no error. */
export const revokeInvitation = write('invitations.revoke', {
  input: z.object({ invitation: Ref }),
  async run({ principal: { project } }, { invitation }) {
    const id = invitation as Id<'invitation'>
    return ok({ answer: {}, subjects: [id], changes: [{ do: 'invitation.delete', id, project }] })
  },
})
