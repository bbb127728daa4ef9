import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { Secret } from '@sirocco/shared/kit/secret.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import type { Principal } from '../../domain/access/principal.ts'
import type { Change } from '../../ports/changes.ts'
import { toBase64Url } from '../base64.ts'
import type { Ports } from '../context.ts'
import { sha256 } from '../sha256.ts'
import { Bounded } from './bounded.ts'
import { matchesPassword, noPassword } from './password.ts'

export interface SignedIn {
  /** For the cookie; known to the database by its SHA-256 only. */
  readonly token: Secret
  readonly principal: Principal
}

const wrong = () => refuse('unauthenticated', 'this e-mail address and password do not match')

/** Of the isolate: a check takes its processor and 16 MiB, and who asks for one is nobody yet. */
const checks = new Bounded(limits.passwordChecks, limits.passwordQueue)

/** By e-mail address and password. Takes as long for an unknown address as for a wrong password. */
export async function signIn(ports: Ports, { email, password }: { email: string; password: Secret }): Promise<Result<SignedIn>> {
  const found = await ports.store.access.byEmail(email.trim().toLowerCase())
  if (!found.ok && found.fault.code !== 'unauthenticated') return found
  const holds = await passwordHolds(found.ok ? found.value.password : null, password)
  if (!holds.ok) return holds
  return found.ok ? begin(ports, found.value, []) : wrong()
}

/** Hashing, as much at once as an isolate bears. */
export const passwordWork = <T>(work: () => Promise<T>): Promise<Result<T>> => checks.run(work)

/** Refuses where `password` is not what is `stored`; null: nobody, which takes as long. */
export async function passwordHolds(stored: string | null, password: Secret): Promise<Result<void>> {
  const matches = await passwordWork(() => matchesPassword(password, stored ?? noPassword))
  if (!matches.ok) return matches
  return stored !== null && matches.value ? ok(undefined) : wrong()
}

/** By a one-time link: the link is used up in the batch that begins the session. */
export async function signInByLink(ports: Ports, { token }: { token: Secret }): Promise<Result<SignedIn>> {
  const tokenHash = await sha256(token.reveal())
  const found = await ports.store.access.byLink(tokenHash)
  if (!found.ok) return found
  const begun = await begin(ports, found.value, [{ do: 'session.use-link', tokenHash }])
  return begun.ok || begun.fault.code !== 'conflict'
    ? begun
    : refuse('unauthenticated', 'this sign-in link was used already; sign in with your password')
}

/** A session of `who`, in one batch behind `first`. */
export async function begin(
  ports: Ports,
  who: { user: Id<'user'>; project: Id<'project'> },
  first: readonly Change[],
): Promise<Result<SignedIn>> {
  const { store, ids, random, clock } = ports
  const token = new Secret(toBase64Url(random.bytes(32)))
  const tokenHash = await sha256(token.reveal())
  const id = ids.make('session')
  const written = await store.commit([
    ...first,
    {
      do: 'session.insert',
      id,
      tokenHash,
      kind: 'session',
      user: who.user,
      project: who.project,
      expiresAt: clock.now() + limits.session,
    },
    { do: 'audit', project: who.project, actor: who.user, verb: 'sessions.begin', subjects: [id] },
  ])
  if (!written.ok) return written
  const principal = await store.access.bySession(tokenHash)
  return principal.ok ? ok({ token, principal: principal.value }) : principal
}
