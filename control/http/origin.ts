import type { Origin } from '../domain/access/origin.ts'

/**
 * Where a request came from. The address is told by who took the connection: Cloudflare at the edge, `local/tls/front.ts` on one machine; both
 * put theirs in the place of whatever a client writes there. Only who is on the machine itself reaches the Worker past them.
 */
export const originOf = (request: Request): Origin => ({
  address: request.headers.get('cf-connecting-ip'),
  device: request.headers.get('user-agent') ?? '',
})
