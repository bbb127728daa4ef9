import { ok, type Result } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { Secret } from '@sirocco/shared/kit/secret.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import type { Origin } from '../../domain/access/origin.ts'
import type { Principal } from '../../domain/access/principal.ts'
import type { Change } from '../../ports/changes.ts'
import { toBase64Url } from '../base64.ts'
import type { Ports } from '../context.ts'
import { sha256 } from '../sha256.ts'

export interface SignedIn {
  /** For the cookie; known to the database by its SHA-256 only. */
  readonly token: Secret
  readonly principal: Principal
}

/** A session of `who`, in one batch behind `first`. */
export async function begin(
  ports: Ports,
  who: { user: Id<'user'>; project: Id<'project'>; origin: Origin },
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
      address: who.origin.address,
      device: who.origin.device.slice(0, limits.deviceLength),
    },
    { do: 'audit', project: who.project, actor: who.user, verb: 'sessions.begin', subjects: [id] },
  ])
  if (!written.ok) return written
  const begun = await store.access.bySession(tokenHash)
  return begun.ok ? ok({ token, principal: begun.value.principal }) : begun
}
