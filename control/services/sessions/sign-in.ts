import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Secret } from '@sirocco/shared/kit/secret.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import type { Origin } from '../../domain/access/origin.ts'
import type { Ports } from '../context.ts'
import { beginOrAsk, type SecondFactorAsked } from '../second-factor/ask.ts'
import { sha256 } from '../sha256.ts'
import { begin, type SignedIn } from './begin.ts'
import { Bounded } from './bounded.ts'
import { matchesPassword, noPassword } from './password.ts'
import { tryPassword } from './throttle.ts'

const wrong = () => refuse('unauthenticated', 'this e-mail address and password do not match')

/** Of the isolate: a check takes its processor and 16 MiB, and who asks for one is nobody yet. */
const checks = new Bounded(limits.passwordChecks, limits.passwordQueue)

/**
 * By e-mail address and password: a session, or what is asked for besides. Does the same work for an unknown address as for a wrong password,
 * and is refused after as many of them.
 */
export async function signIn(
  ports: Ports,
  { email, password, origin }: { email: string; password: Secret; origin: Origin },
): Promise<Result<SignedIn | SecondFactorAsked>> {
  const address = email.trim().toLowerCase()
  const found = await ports.store.access.byEmail(address)
  if (!found.ok && found.fault.code !== 'unauthenticated') return found
  const holds = await passwordHolds(ports, { account: address, origin, stored: found.ok ? found.value.password : null, password })
  if (!holds.ok) return holds
  if (!found.ok) return wrong()
  const { user, project } = found.value
  return beginOrAsk(ports, { user, project, origin }, [])
}

/** Hashing, as much at once as an isolate bears. */
export const passwordWork = <T>(work: () => Promise<T>): Promise<Result<T>> => checks.run(work)

/** Refuses where `password` is not what is `stored`, or too many were not; null: nobody's, which takes as long. */
export async function passwordHolds(
  ports: Ports,
  { account, origin, stored, password }: { account: string; origin: Origin; stored: string | null; password: Secret },
): Promise<Result<void>> {
  const counted = await tryPassword(ports, account, origin)
  if (!counted.ok) return counted
  const matches = await passwordWork(() => matchesPassword(password, stored ?? noPassword))
  if (!matches.ok) {
    await counted.value.unlooked()
    return matches
  }
  if (stored === null || !matches.value) return wrong()
  await counted.value.right()
  return ok(undefined)
}

/** By a one-time link, of who has the machine or the database in hand: the link is used up in the batch that begins the session. */
export async function signInByLink(
  ports: Ports,
  { token, origin }: { token: Secret; origin: Origin },
): Promise<Result<SignedIn>> {
  const tokenHash = await sha256(token.reveal())
  const found = await ports.store.access.byLink(tokenHash)
  if (!found.ok) return found
  const begun = await begin(ports, { ...found.value, origin }, [{ do: 'session.use-link', tokenHash }])
  return begun.ok || begun.fault.code !== 'conflict'
    ? begun
    : refuse('unauthenticated', 'this sign-in link was used already; sign in with your password')
}
