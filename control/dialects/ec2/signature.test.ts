import { minute, second } from '@sirocco/shared/kit/clock.ts'
import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import { Secret } from '@sirocco/shared/kit/secret.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Refusal } from './refusal.ts'
import { type SignedRequest, SigningKeys, verify } from './signature.ts'
import { signed } from './testing/sign.ts'

/** The key of AWS's published Signature Version 4 examples. */
const accessKeyId = 'AKIDEXAMPLE'
const secret = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY'
const now = Date.UTC(2015, 7, 30, 12, 36, 0)

const secretOf = async (id: string) =>
  id === accessKeyId ? ok({ principal: 'ann', secret: new Secret(secret) }) : refuse('unauthenticated', 'no such key')

const check = (
  request: SignedRequest,
  services: readonly string[] = ['ec2'],
  region = 'us-east-1',
  at = now,
  keys = new SigningKeys(),
) => verify(request, { now: at, region, services }, keys, secretOf)

async function partsOf(request: Request): Promise<SignedRequest> {
  const { method, url, headers } = request
  return { method, url: new URL(url), headers, body: new Uint8Array(await request.arrayBuffer()) }
}

const codeOf = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work
    return 'accepted'
  } catch (error) {
    if (error instanceof Refusal) return error.code
    throw error
  }
}

const sign = (body = 'Action=DescribeInstances&Version=2016-11-15', at = now, more: Record<string, string> = {}) =>
  signed('http://127.0.0.1:8788/', body, { accessKeyId, secret, region: 'us-east-1', now: at }, more)

/** name, method, query, body, headers besides Host and X-Amz-Date, signature: of AWS's aws4 test suite, service `service`. */
const published: readonly (readonly [string, string, string, string, Record<string, string>, string])[] = [
  ['get-vanilla', 'GET', '', '', {}, '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'],
  ['post-vanilla', 'POST', '', '', {}, '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b'],
  [
    'get-vanilla-query-order-key-case',
    'GET',
    '?Param2=value2&Param1=value1',
    '',
    {},
    'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
  ],
  [
    'post-x-www-form-urlencoded',
    'POST',
    '',
    'Param1=value1',
    { 'content-type': 'application/x-www-form-urlencoded' },
    'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a',
  ],
  [
    'get-header-value-trim',
    'GET',
    '',
    '',
    { 'my-header1': ' value1', 'my-header2': ' "a   b   c"' },
    'acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736',
  ],
]

describe('a signature', () => {
  test.each(published)("of AWS's published example %s is accepted", async (_name, method, query, body, more, signature) => {
    const names = ['host', 'x-amz-date', ...Object.keys(more)].sort().join(';')
    const headers = new Headers({
      host: 'example.amazonaws.com',
      'x-amz-date': '20150830T123600Z',
      ...more,
      authorization: `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=${names}, Signature=${signature}`,
    })
    const request = {
      method,
      url: new URL(`https://example.amazonaws.com/${query}`),
      headers,
      body: new TextEncoder().encode(body) as Uint8Array<ArrayBuffer>,
    }
    await expect(check(request, ['service'])).resolves.toMatchObject({ principal: 'ann', service: 'service' })
  })

  test('of the IAM example in the signing documentation is accepted', async () => {
    const headers = new Headers({
      host: 'iam.amazonaws.com',
      'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
      'x-amz-date': '20150830T123600Z',
      authorization:
        'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7',
    })
    const url = new URL('https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08')
    await expect(check({ method: 'GET', url, headers, body: new Uint8Array() }, ['iam'])).resolves.toMatchObject({
      service: 'iam',
    })
  })

  test('of any form is accepted, and refused once any bit of the request is another', async () => {
    const place = fc.constantFrom('body', 'authorization', 'x-amz-date', 'host', 'content-type')
    await fc.assert(
      fc.asyncProperty(
        fc.string({ minLength: 1, maxLength: 200 }),
        place,
        fc.nat(),
        fc.integer({ min: 0, max: 6 }),
        async (value, where, at, bit) => {
          const request = await partsOf(sign(`Action=${encodeURIComponent(value.toWellFormed())}`))
          expect(await codeOf(check(request))).toBe('accepted')
          const changed = flipped(request, where, at, bit)
          if (changed) expect(await codeOf(check(changed))).not.toBe('accepted')
        },
      ),
      { numRuns: 300 },
    )
  })

  test('is refused with a word of its own for each reason', async () => {
    const request = await partsOf(sign())
    const unsigned = new Headers(request.headers)
    unsigned.delete('authorization')
    expect(await codeOf(check({ ...request, headers: unsigned }))).toBe('MissingAuthenticationToken')
    expect(await codeOf(check(request, ['ec2'], 'elsewhere-1'))).toBe('IncompleteSignature')
    expect(await codeOf(check(request, ['sts']))).toBe('IncompleteSignature')
    expect(await codeOf(check({ ...request, body: new Uint8Array([1]) }))).toBe('AuthFailure')
    const other = signed('http://127.0.0.1:8788/', '', { accessKeyId: 'AKIDOTHER', secret, region: 'us-east-1', now })
    expect(await codeOf(check(await partsOf(other)))).toBe('AuthFailure')
    const wrong = signed('http://127.0.0.1:8788/', '', { accessKeyId, secret: 'wrong', region: 'us-east-1', service: 'sts', now })
    expect(await codeOf(check(await partsOf(wrong), ['sts']))).toBe('SignatureDoesNotMatch')
  })

  test('is refused outside the clock skew, on either side', async () => {
    for (const off of [-limits.clockSkew - second, limits.clockSkew + second])
      expect(await codeOf(check(await partsOf(sign('', now + off))))).toBe('RequestExpired')
    for (const off of [-limits.clockSkew, limits.clockSkew])
      expect(await codeOf(check(await partsOf(sign('', now + off))))).toBe('accepted')
    expect(await codeOf(check(await partsOf(sign()), ['ec2'], 'us-east-1', now + 60 * minute))).toBe('RequestExpired')
  })

  test('must cover host, time and a named body hash', async () => {
    const request = await partsOf(sign('x=1', now, { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }))
    expect(await codeOf(check(request))).toBe('SignatureDoesNotMatch')
    const late = await partsOf(sign('x=1'))
    late.headers.set('x-amz-content-sha256', 'aaaa')
    expect(await codeOf(check(late))).toBe('IncompleteSignature')
    for (const without of ['host;x-amz-date', 'content-type;x-amz-date', 'content-type;host']) {
      const partial = await partsOf(sign('x=1'))
      partial.headers.set(
        'authorization',
        (partial.headers.get('authorization') ?? '').replace('content-type;host;x-amz-date', without),
      )
      expect(await codeOf(check(partial))).toBe(without === 'host;x-amz-date' ? 'AuthFailure' : 'IncompleteSignature')
    }
  })

  test('with a session token is refused, since none are issued', async () => {
    const request = await partsOf(sign('', now, { 'x-amz-security-token': 'abc' }))
    expect(await codeOf(check(request))).toBe('InvalidClientTokenId')
  })

  test('leaves a bounded number of derived keys, and none that outlives its secret', async () => {
    const keys = new SigningKeys(3)
    for (let day = 0; day < 10; day++) {
      const at = now + day * 24 * 60 * minute
      await check(await partsOf(sign('', at)), ['ec2'], 'us-east-1', at, keys)
    }
    expect(keys.size).toBe(3)
    const rotated = async () => ok({ principal: 'ann', secret: new Secret('another') })
    await check(await partsOf(sign()), ['ec2'], 'us-east-1', now, keys)
    expect(await codeOf(verify(await partsOf(sign()), { now, region: 'us-east-1', services: ['ec2'] }, keys, rotated))).toBe(
      'AuthFailure',
    )
  })

  test('is not judged while the keys cannot be read', async () => {
    const away = async () => refuse('unavailable', 'the database does not answer')
    expect(
      await codeOf(verify(await partsOf(sign()), { now, region: 'us-east-1', services: ['ec2'] }, new SigningKeys(), away)),
    ).toBe('Unavailable')
  })
})

/** The request with one bit another; null where that makes no header that could be sent. */
function flipped(request: SignedRequest, where: string, at: number, bit: number): SignedRequest | null {
  if (where === 'body') {
    const body = new Uint8Array(request.body)
    const index = at % body.length
    body[index] = (body[index] ?? 0) ^ (1 << bit)
    return { ...request, body }
  }
  const value = request.headers.get(where) ?? ''
  const index = at % value.length
  const changed = value.slice(0, index) + String.fromCharCode(value.charCodeAt(index) ^ (1 << bit)) + value.slice(index + 1)
  const headers = new Headers(request.headers)
  try {
    headers.set(where, changed)
  } catch {
    return null
  }
  return headers.get(where) === value ? null : { ...request, headers }
}
