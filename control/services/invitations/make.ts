import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { Secret } from '@sirocco/shared/kit/secret.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { z } from 'zod'
import type { Invitation } from '../../domain/access/member.ts'
import { toBase64Url } from '../base64.ts'
import { sha256 } from '../sha256.ts'
import { type Call, type Decision, write } from '../verb.ts'

const Input = z.object({
  email: z.string().trim().toLowerCase().max(254).pipe(z.email('write an e-mail address, as name@example.org')),
  role: z.enum(['viewer', 'operator', 'owner']),
})

/**
 * Invites somebody into the project. The token is in this answer and nowhere else, so an idempotency token is not remembered: whoever asks
 * twice has two invitations, and withdraws one.
 */
export const makeInvitation = {
  name: 'invitations.make' as const,
  input: Input,
  async call(call: Call, input: z.input<typeof Input>): Promise<Result<Invitation & { readonly token: Secret }>> {
    const token = new Secret(toBase64Url(call.ports.random.bytes(24)))
    const { token: _, ...once } = call
    const kept = await keep.call(once, { ...input, tokenHash: await sha256(token.reveal()) })
    return kept.ok ? ok({ ...kept.value, token }) : kept
  },
}

const keep = write('invitations.make', {
  input: Input.extend({ tokenHash: z.string() }),
  async run({ store, principal, ids, clock }, { email, role, tokenHash }): Promise<Result<Decision<Invitation>>> {
    const { project, user } = principal
    const member = await store.tenancy.member(project, email)
    if (member.ok)
      return refuse('already_exists', `${email} is a member of this project already; change the role there`, { field: 'email' })
    if (member.fault.code !== 'not_found') return member
    const now = clock.now()
    const invitation = { id: ids.make('invitation'), email, role, expiresAt: now + limits.invitation }
    return ok({
      answer: { ...invitation, by: principal.email, createdAt: now },
      subjects: [invitation.id],
      changes: [
        { do: 'invitation.insert', invitation, by: user, project, tokenHash, limit: limits.invitations },
        { do: 'event', project, type: 'invitation.made', subject: invitation.id },
      ],
    })
  },
})
