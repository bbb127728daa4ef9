import { type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { Secret } from '@sirocco/shared/kit/secret.ts'
import type { Principal } from '../../domain/access/principal.ts'
import { principalOfKey, principalOfSession } from '../../services/sessions/principal.ts'
import { cookieOf } from './cookie.ts'
import { isCrossSite } from './cross-site.ts'
import type { NativeParts } from './parts.ts'

const safe = new Set(['GET', 'HEAD'])

/** Who asks: by `Authorization: Bearer <access key id>.<secret>`, or by the session's cookie, which no other site may use. */
export async function principalOf(request: Request, { ports, publicUrl }: NativeParts): Promise<Result<Principal>> {
  const authorization = request.headers.get('authorization')
  if (authorization !== null) {
    const key = /^Bearer +(\S+)$/i.exec(authorization)?.[1]
    return key === undefined
      ? refuse('unauthenticated', 'the Authorization header must read: Bearer <access key id>.<secret>')
      : principalOfKey(ports, new Secret(key))
  }
  const token = cookieOf(request, publicUrl)
  if (token === null)
    return refuse('unauthenticated', 'sign in, or send an access key as: Authorization: Bearer <access key id>.<secret>')
  const changes = !safe.has(request.method) || request.headers.get('upgrade') !== null
  if (changes && isCrossSite(request, publicUrl)) return refuse('forbidden', 'pages of another site may not act for you')
  return principalOfSession(ports, new Secret(token))
}
