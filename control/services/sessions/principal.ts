import { timingSafeEqual } from 'node:crypto'
import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import type { Secret } from '@sirocco/shared/kit/secret.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import type { Principal } from '../../domain/access/principal.ts'
import type { Ports } from '../context.ts'
import { sha256 } from '../sha256.ts'

/** Who holds this session token; that it was used is written down once in `limits.sessionUseNoted`. */
export async function principalOfSession({ store, clock }: Ports, token: Secret): Promise<Result<Principal>> {
  const found = await store.access.bySession(await sha256(token.reveal()))
  if (!found.ok) return found
  const { principal, lastUsedAt } = found.value
  if (principal.via.kind === 'session' && (lastUsedAt ?? 0) <= clock.now() - limits.sessionUseNoted)
    await store.commit([{ do: 'session.used', id: principal.via.id }])
  return ok(principal)
}

interface FoundKey {
  readonly principal: Principal
  readonly secret: Secret
  readonly id: Id<'accessKey'>
  readonly lastUsedAt: number | null
}

/** An access key's principal and its secret, for dialects that verify signatures. */
export async function secretOfKey({ store, secrets }: Ports, accessKeyId: string): Promise<Result<FoundKey>> {
  const found = await store.access.byAccessKey(accessKeyId)
  if (!found.ok) return found
  const { principal, id, sealedSecret, lastUsedAt } = found.value
  const secret = await secrets.open(sealedSecret, `access_key|${id}|secret`)
  return secret.ok ? ok({ principal, secret: secret.value, id, lastUsedAt }) : secret
}

/**
 * Writes down that a key was used, once in `limits.keyUseNoted`: to be told once what it signed is found true. A database that does not take
 * it refuses nobody.
 */
export async function noteUse({ store, clock }: Ports, key: Pick<FoundKey, 'id' | 'lastUsedAt'>): Promise<void> {
  if (key.lastUsedAt !== null && key.lastUsedAt > clock.now() - limits.keyUseNoted) return
  await store.commit([{ do: 'access-key.used', id: key.id }])
}

/** Who holds `accessKeyId.secretAccessKey`, the bearer token of the native API. */
export async function principalOfKey(ports: Ports, bearer: Secret): Promise<Result<Principal>> {
  const [accessKeyId = '', ...rest] = bearer.reveal().split('.')
  const found = await secretOfKey(ports, accessKeyId)
  if (!found.ok) return found.fault.code === 'unauthenticated' ? wrong() : found
  const [given, kept] = await Promise.all([sha256(rest.join('.')), sha256(found.value.secret.reveal())])
  if (!timingSafeEqual(Buffer.from(given), Buffer.from(kept))) return wrong()
  await noteUse(ports, found.value)
  return ok(found.value.principal)
}

const wrong = () =>
  refuse('unauthenticated', 'this token is not valid; send "Authorization: Bearer <access key id>.<secret access key>"')
