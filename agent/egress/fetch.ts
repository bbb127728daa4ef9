import type { LookupAddress } from 'node:dns'
import { type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { isIP } from 'node:net'
import { isPublicAddress, isRange, isWithin } from '@sirocco/shared/kit/addresses.ts'
import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'

/** How names become addresses; by the system where a test does not say. */
export type Resolve = (name: string) => Promise<readonly LookupAddress[]>

/** Ranges that an admin lets requests go to although they are not public, as the environment holds them: `10.2.0.0/16,fd00::/8`. */
export const allowedRanges = (text = ''): string[] =>
  text
    .split(',')
    .map(range => range.trim())
    .filter(isRange)

export interface Egress {
  readonly resolve: Resolve
  /** Ranges that an admin allows although they are not public. */
  readonly allow: readonly string[]
}

/**
 * One GET of an address that somebody else chose: nothing that is not public is ever connected to. The name is resolved here, every address
 * of it is looked at, and the connection goes to one that was; each redirect is looked at likewise. Resolves with the head of a 200 or 206.
 */
export async function fetchPublic(
  { resolve, allow }: Egress,
  address: string,
  { from = 0, etag, signal }: { from?: number; etag?: string | undefined; signal?: AbortSignal | undefined } = {},
): Promise<Result<IncomingMessage>> {
  let url = address
  for (let hop = 0; hop <= limits.fetchRedirects; hop++) {
    const parsed = URL.parse(url)
    if (!parsed || !/^https?:$/.test(parsed.protocol)) return refuse('invalid', `${shown(url)} is no address of the web`)
    if (parsed.username !== '' || parsed.password !== '')
      return refuse('invalid', 'an address may carry no user name or password')
    const target = await publicAddress({ resolve, allow }, parsed)
    if (!target.ok) return target
    const answer = await get(parsed, target.value, from, etag, signal).catch((error: unknown) =>
      refuse('unavailable', `${parsed.host} does not answer`, { detail: String(error) }),
    )
    if ('ok' in answer) return answer
    const status = answer.statusCode ?? 0
    if (status === 200 || status === 206) return ok(answer)
    answer.destroy()
    const { location } = answer.headers
    if (status >= 300 && status < 400 && location !== undefined) {
      const next = URL.parse(location, url)
      if (parsed.protocol === 'https:' && next?.protocol !== 'https:')
        return refuse('invalid', `${parsed.host} leads from https to clear text`)
      url = next?.href ?? location
      continue
    }
    const busy = status === 429 || status >= 500
    return refuse(busy ? 'unavailable' : 'invalid', `${parsed.host} answers ${status} for ${shown(url)}`)
  }
  return refuse('invalid', `${shown(address)} is redirected more than ${limits.fetchRedirects} times`)
}

/** Without what may be a credential. */
const shown = (url: string): string => url.replace(/[?#].*$/s, '').slice(0, 300)

/** Where a connection to this address goes, if that is public or allowed. */
export async function publicAddress({ resolve, allow }: Egress, { hostname }: URL): Promise<Result<LookupAddress>> {
  const name = hostname.replace(/^\[|\]$/g, '')
  const family = isIP(name)
  let found: readonly LookupAddress[]
  try {
    found = family === 0 ? await resolve(name) : [{ address: name, family }]
  } catch (error) {
    return refuse('unavailable', `the name ${name} cannot be resolved`, { detail: String(error) })
  }
  const [first] = found
  if (!first) return refuse('unavailable', `the name ${name} has no address`)
  // One private address among several is enough to refuse: which one a connection takes would be chance.
  const inner = found.find(({ address }) => !isPublicAddress(address) && !isWithin(address, allow))
  if (inner)
    return refuse('forbidden', `${name} is not on the public Internet; an administrator can put its range on the allow-list`, {
      detail: inner.address,
    })
  return ok(first)
}

/** The connection goes where was looked, whatever the name means a moment later. */
export const pinned =
  ({ address, family }: LookupAddress) =>
  (_: string, { all }: { all?: boolean | undefined }, tell: Tell): void =>
    all ? tell(null, [{ address, family }]) : tell(null, address, family)

const get = (
  url: URL,
  target: LookupAddress,
  from: number,
  etag: string | undefined,
  signal: AbortSignal | undefined,
): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const headers = {
      'user-agent': 'sirocco',
      'accept-encoding': 'identity',
      ...(from > 0 ? { range: `bytes=${from}-`, ...(etag === undefined ? {} : { 'if-range': etag }) } : {}),
    }
    const options = {
      headers,
      agent: false as const,
      ...(signal ? { signal } : {}),
      lookup: pinned(target),
    }
    const asked = url.protocol === 'https:' ? requestHttps(url.href, options) : requestHttp(url.href, options)
    asked.on('response', resolve).on('error', reject)
    asked.setTimeout(limits.imageFetchIdle, () => asked.destroy(new Error(`no byte for ${limits.imageFetchIdle / 1_000} s`)))
    asked.end()
  })
type Tell = (error: Error | null, address: string | LookupAddress[], family?: number) => void
