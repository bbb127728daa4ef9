import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import { say } from '@sirocco/shared/model/messages.ts'
import { z } from 'zod'
import { owns } from '../../domain/access/member.ts'
import { roles } from '../../domain/access/principal.ts'
import { Ref } from '../inputs.ts'
import { write } from '../verb.ts'
import { notByOwners } from './not-by-owners.ts'

/** Gives a member another role. Admins are made and unmade by admins alone, and somebody always owns the project. */
export const changeMember = write('members.change', {
  input: z.object({ user: Ref, role: z.enum(roles) }),
  async run({ store, principal }, { user: ref, role }) {
    const found = await store.tenancy.member(principal.project, ref)
    if (!found.ok) return found
    const { user, email, role: from, owners } = found.value
    const forbidden = notByOwners(principal, from) ?? notByOwners(principal, role)
    if (forbidden) return forbidden
    if (from === role) return ok({ answer: { ...found.value, role }, subjects: [user], changes: [] })
    if (owns(from) && !owns(role) && owners === 0) return refuse('precondition', say('member.last_owner', { email }))
    return ok({
      answer: { ...found.value, role },
      subjects: [user],
      changes: [
        { do: 'membership.change', project: principal.project, user, from, role },
        { do: 'project.owned', project: principal.project },
        ...(from === 'admin' ? [{ do: 'platform.administered' } as const] : []),
        { do: 'event', project: principal.project, type: 'member.changed', subject: user, data: { role } },
      ],
    })
  },
})
