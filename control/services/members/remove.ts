import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { say } from '@sirocco/shared/model/messages.ts'
import { z } from 'zod'
import { owns } from '../../domain/access/member.ts'
import { Ref } from '../inputs.ts'
import { type Context, type Decision, write } from '../verb.ts'
import { notByOwners } from './not-by-owners.ts'

/** Takes a member out of the project: their sessions and access keys in it end in the same batch. */
export const removeMember = write('members.remove', {
  input: z.object({ user: Ref }),
  run: (context, { user }) => goes(context, user),
})

/** The same of oneself, whatever one's role. */
export const leaveProject = write('members.leave', {
  input: z.object({}),
  run: context => goes(context, context.principal.user),
})

async function goes({ store, principal }: Context, ref: string): Promise<Result<Decision<Record<string, never>>>> {
  const found = await store.tenancy.member(principal.project, ref)
  if (!found.ok) return found
  const { user, email, role, owners } = found.value
  const forbidden = notByOwners(principal, role)
  if (forbidden) return forbidden
  if (owns(role) && owners === 0) return refuse('precondition', say('member.last_owner', { email }))
  return ok({
    answer: {},
    subjects: [user],
    changes: [
      { do: 'membership.remove', project: principal.project, user, from: role },
      { do: 'project.owned', project: principal.project },
      ...(role === 'admin' ? [{ do: 'platform.administered' } as const] : []),
      { do: 'event', project: principal.project, type: 'member.gone', subject: user },
    ],
  })
}
