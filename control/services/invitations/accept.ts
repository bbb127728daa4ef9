import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import type { Secret } from '@sirocco/shared/kit/secret.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import type { Origin } from '../../domain/access/origin.ts'
import type { Change } from '../../ports/changes.ts'
import type { Ports } from '../context.ts'
import { beginOrAsk, type SecondFactorAsked } from '../second-factor/ask.ts'
import type { SignedIn } from '../sessions/begin.ts'
import { hashPassword } from '../sessions/password.ts'
import { passwordHolds, passwordWork } from '../sessions/sign-in.ts'
import { sha256 } from '../sha256.ts'

/**
 * Takes up an invitation and signs in: whoever is new chooses their password with it, whoever has an account shows that password. The
 * invitation is used up in the batch that makes the member, and begins the session or asks for the second factor.
 */
export async function acceptInvitation(
  ports: Ports,
  { token, password, origin }: { token: Secret; password: Secret; origin: Origin },
): Promise<Result<SignedIn | SecondFactorAsked>> {
  const { store } = ports
  const tokenHash = await sha256(token.reveal())
  const invited = await store.tenancy.invitation(tokenHash)
  if (!invited.ok) return invited
  const { email, project, role, id: invitation } = invited.value
  const person = await personOf(ports, { email, password, origin })
  if (!person.ok) return person
  const { user, changes } = person.value
  const begun = await beginOrAsk(ports, { user, project, origin }, [
    { do: 'invitation.use', tokenHash },
    ...changes,
    { do: 'membership.insert', project, user, role },
    { do: 'event', project, type: 'member.joined', subject: user, data: { role } },
    { do: 'audit', project, actor: user, verb: 'invitations.accept', subjects: [invitation] },
  ])
  return begun.ok || begun.fault.code !== 'conflict'
    ? begun
    : refuse('unauthenticated', 'this invitation was used already; sign in with your password')
}

/** Who has the address; a new account where nobody has. */
async function personOf(
  ports: Ports,
  { email, password, origin }: { email: string; password: Secret; origin: Origin },
): Promise<Result<{ readonly user: Id<'user'>; readonly changes: readonly Change[] }>> {
  const found = await ports.store.tenancy.user(email)
  if (found.ok) {
    const { id, disabledAt, password: stored } = found.value
    const holds = await passwordHolds(ports, { account: email, origin, stored: disabledAt === null ? stored : null, password })
    return holds.ok ? ok({ user: id, changes: [] }) : holds
  }
  if (found.fault.code !== 'not_found') return found
  if (password.reveal().length < limits.passwordLength)
    return refuse('invalid', `choose a password of at least ${limits.passwordLength} characters`, { field: 'password' })
  const hash = await passwordWork(() => hashPassword(password, ports.random))
  if (!hash.ok) return hash
  const id = ports.ids.make('user')
  return ok({ user: id, changes: [{ do: 'user.insert', id, email, password: hash.value }] })
}
