import { minute } from '@sirocco/shared/kit/clock.ts'
import type { Result } from '@sirocco/shared/kit/fault.ts'
import type { Secret } from '@sirocco/shared/kit/secret.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { refusalOf } from './faults.ts'
import { bytesOf, hexOf } from './hex.ts'
import { pairsOf } from './query.ts'
import { type Code, Refusal } from './refusal.ts'

/*
 * AWS Signature Version 4, by header: "Create a signed AWS API request" in the IAM User Guide; the words below are its words.
 */

/** What was signed, as it arrived. */
export interface SignedRequest {
  readonly method: string
  readonly url: URL
  readonly headers: Headers
  readonly body: Uint8Array<ArrayBuffer>
}

/** What the Authorization header says of itself: to be believed only after `verify`. */
interface Claim<S extends string = string> {
  readonly accessKeyId: string
  /** YYYYMMDD. */
  readonly date: string
  readonly region: string
  readonly service: S
  readonly signedHeaders: readonly string[]
  readonly signature: Uint8Array<ArrayBuffer>
  /** As signed, e.g. 20150830T123600Z. */
  readonly timestamp: string
}

export interface Expectations<S extends string> {
  /** Milliseconds since the Unix epoch. */
  readonly now: number
  readonly region: string
  /** Services that this endpoint answers. */
  readonly services: readonly S[]
}

/** Signing keys by scope: four HMACs saved a request. Bounded; the least recently used goes first. */
export class SigningKeys {
  readonly #kept = new Map<string, { readonly secret: string; readonly key: CryptoKey }>()
  readonly #limit: number
  constructor(limit = 1_024) {
    this.#limit = limit
  }

  async of(secret: string, { accessKeyId, date, region, service }: Claim): Promise<CryptoKey> {
    const scope = `${accessKeyId}/${date}/${region}/${service}`
    const kept = this.#kept.get(scope)
    this.#kept.delete(scope)
    const key = kept?.secret === secret ? kept.key : await signingKey(secret, [date, region, service, 'aws4_request'])
    this.#kept.set(scope, { secret, key })
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= this.#limit) break
      this.#kept.delete(oldest)
    }
    return key
  }

  get size(): number {
    return this.#kept.size
  }
}

/** Who signed the request, and for which service. Refuses what is unsigned, too old, or not what was signed. */
export async function verify<K extends { readonly principal: unknown; readonly secret: Secret }, S extends string>(
  request: SignedRequest,
  expected: Expectations<S>,
  keys: SigningKeys,
  secretOf: (accessKeyId: string) => Promise<Result<K>>,
): Promise<{ readonly principal: K['principal']; readonly key: K; readonly service: S }> {
  const claim = claimOf(request.headers, expected)
  const bodyHash = await hashOf(request)
  const text = stringToSign(claim, await sha256Hex(utf8(canonicalRequest(request, claim, bodyHash))))

  const found = await secretOf(claim.accessKeyId)
  if (!found.ok) throw unknownKey(found.fault.code) ? notAccepted(claim.service, 'key') : refusalOf(found.fault, 'instance')
  const key = await keys.of(found.value.secret.reveal(), claim)
  // Of WebCrypto, since it compares in constant time.
  if (!(await crypto.subtle.verify('HMAC', key, claim.signature, utf8(text)))) throw notAccepted(claim.service, 'signature')
  return { principal: found.value.principal, key: found.value, service: claim.service }
}

const unknownKey = (code: string) => code === 'not_found' || code === 'unauthenticated'

/** EC2 has one word for a wrong key and a wrong signature; STS has two. */
function notAccepted(service: string, what: 'key' | 'signature'): Refusal {
  const codes = { key: 'InvalidClientTokenId', signature: 'SignatureDoesNotMatch' } as const satisfies Record<string, Code>
  return new Refusal(
    service === 'sts' ? codes[what] : 'AuthFailure',
    'The access key or the signature is not valid: check the access key id, the secret access key, and that nothing between changes the request.',
  )
}

const credentialPattern =
  /^AWS4-HMAC-SHA256 +Credential=([A-Za-z0-9_-]{1,128})\/([0-9]{8})\/([A-Za-z0-9-]{1,64})\/([a-z0-9-]{1,32})\/aws4_request, *SignedHeaders=([a-z0-9;_-]{1,1024}), *Signature=([0-9a-f]{64})$/

function claimOf<S extends string>(headers: Headers, { now, region, services }: Expectations<S>): Claim<S> {
  const authorization = headers.get('authorization')
  if (authorization === null)
    throw new Refusal(
      'MissingAuthenticationToken',
      'The request must be signed with an access key (Signature Version 4, in the Authorization header).',
    )
  const match = credentialPattern.exec(authorization)
  if (!match)
    throw incomplete(
      'The Authorization header is not "AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/SERVICE/aws4_request, SignedHeaders=…, Signature=…".',
    )
  const [, accessKeyId = '', date = '', scopeRegion = '', scopeService = '', list = '', signature = ''] = match
  const service = services.find(name => name === scopeService)
  const signedHeaders = list.split(';')
  const timestamp = timestampOf(headers, signedHeaders)

  if (service === undefined) throw incomplete(`This endpoint answers ${services.join(' and ')}, not ${scopeService}.`)
  if (scopeRegion !== region)
    throw incomplete(
      `This endpoint is of the region ${region}, the request is signed for ${scopeRegion}; set the client's region to ${region}.`,
    )
  if (!timestamp.startsWith(date)) throw incomplete(`The credential's date ${date} is not the date of the request, ${timestamp}.`)
  if (headers.has('x-amz-security-token'))
    throw new Refusal('InvalidClientTokenId', 'Session tokens are not issued here: unset the session token (AWS_SESSION_TOKEN).')
  for (const [i, name] of signedHeaders.entries()) {
    if (name <= (signedHeaders[i - 1] ?? '')) throw incomplete('SignedHeaders must be sorted, each header once.')
  }
  for (const name of ['host', ...(headers.has('x-amz-content-sha256') ? ['x-amz-content-sha256'] : [])]) {
    if (!signedHeaders.includes(name)) throw incomplete(`The header ${name} must be signed.`)
  }

  const off = instantOf(timestamp) - now
  if (Math.abs(off) > limits.clockSkew)
    throw new Refusal(
      'RequestExpired',
      `The request was signed at ${timestamp}, which is ${Math.round(Math.abs(off) / minute)} minutes ${off < 0 ? 'before' : 'after'} the time here; set the client's clock.`,
    )
  return { accessKeyId, date, region, service, signedHeaders, signature: bytesOf(signature), timestamp }
}

const incomplete = (why: string) => new Refusal('IncompleteSignature', why)

/** Of X-Amz-Date or, where that is missing, Date; whichever is read must be signed. */
function timestampOf(headers: Headers, signedHeaders: readonly string[]): string {
  const name = headers.has('x-amz-date') ? 'x-amz-date' : 'date'
  const value = headers.get(name)
  if (value === null) throw incomplete('The request must carry its time in the header X-Amz-Date.')
  if (!signedHeaders.includes(name)) throw incomplete(`The header ${name} must be signed.`)
  const basic = name === 'date' && /^[A-Z][a-z]{2}, /.test(value) ? basicOf(Date.parse(value)) : value
  if (Number.isNaN(instantOf(basic))) throw incomplete(`The header ${name} is not a time like 20150830T123600Z.`)
  return basic
}

const basicOf = (instant: number): string =>
  Number.isNaN(instant)
    ? ''
    : new Date(instant)
        .toISOString()
        .replace(/\.[0-9]{3}/, '')
        .replace(/[-:]/g, '')

function instantOf(timestamp: string): number {
  const match = /^([0-9]{4})([0-9]{2})([0-9]{2})T([0-9]{2})([0-9]{2})([0-9]{2})Z$/.exec(timestamp)
  return match ? Date.parse(`${match[1]}-${match[2]}-${match[3]}T${match[4]}:${match[5]}:${match[6]}Z`) : Number.NaN
}

/** Of the body; where the client names it, it must be the same. */
async function hashOf({ headers, body }: SignedRequest): Promise<string> {
  const hash = await sha256Hex(body)
  const named = headers.get('x-amz-content-sha256')
  if (named !== null && named !== hash)
    throw new Refusal(
      'SignatureDoesNotMatch',
      'X-Amz-Content-Sha256 is not the SHA-256 of the body; unsigned bodies are not accepted.',
    )
  return hash
}

function canonicalRequest({ method, url, headers, body }: SignedRequest, { signedHeaders }: Claim, bodyHash: string): string {
  const lines = signedHeaders.map(name => {
    const value = headers.get(name) ?? derived(name, url, body)
    if (value === null) throw incomplete(`The header ${name} is said to be signed, yet it is not there.`)
    return `${name}:${value.trim().replace(/ +/g, ' ')}\n`
  })
  return [method, url.pathname, canonicalQuery(url.search.slice(1)), lines.join(''), signedHeaders.join(';'), bodyHash].join('\n')
}

/** Headers that a runtime keeps to itself: they follow from the request. */
const derived = (name: string, url: URL, body: Uint8Array): string | null =>
  name === 'host' ? url.host : name === 'content-length' ? String(body.length) : null

const canonicalQuery = (search: string): string =>
  pairsOf(search)
    .map(([name, value]) => [encoded(name), encoded(value)] as const)
    .sort(([a, x], [b, y]) => (a < b ? -1 : a > b ? 1 : x < y ? -1 : x > y ? 1 : 0))
    .map(([name, value]) => `${name}=${value}`)
    .join('&')

/** RFC 3986: everything but the unreserved characters. */
const encoded = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, character => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)

const stringToSign = ({ timestamp, date, region, service }: Claim, requestHash: string): string =>
  ['AWS4-HMAC-SHA256', timestamp, `${date}/${region}/${service}/aws4_request`, requestHash].join('\n')

async function signingKey(secret: string, scope: readonly string[]): Promise<CryptoKey> {
  let key: Uint8Array<ArrayBuffer> = utf8(`AWS4${secret}`)
  for (const part of scope) key = new Uint8Array(await crypto.subtle.sign('HMAC', await hmacKey(key, 'sign'), utf8(part)))
  return hmacKey(key, 'verify')
}

const hmacKey = (bytes: Uint8Array<ArrayBuffer>, usage: 'sign' | 'verify'): Promise<CryptoKey> =>
  crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, [usage])

const encoder = new TextEncoder()
const utf8 = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(encoder.encode(text))
const sha256Hex = async (bytes: Uint8Array<ArrayBuffer>): Promise<string> => hexOf(await crypto.subtle.digest('SHA-256', bytes))
