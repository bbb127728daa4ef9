import type { Random } from '@sirocco/shared/kit/random.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import type { Ports } from '../../services/context.ts'
import { noteUse, secretOfKey } from '../../services/sessions/principal.ts'
import type { Answer } from './action.ts'
import { actionOf, type Service, services } from './actions.ts'
import { hexOf } from './hex.ts'
import { nested, pairsOf } from './query.ts'
import { Refusal } from './refusal.ts'
import { SigningKeys, verify } from './signature.ts'
import { document } from './xml.ts'

export interface Ec2Options {
  readonly ports: Ports
  /** Its name; requests must be signed for it. */
  readonly region: string
  /** Host and port at which clients reach this, for DescribeRegions. */
  readonly endpoint: string
  /** Told of what should not have happened, with the request id that the client was given. */
  readonly report?: (error: unknown, requestId: string) => void
}

/** Of the isolate, since the dialect is made anew for each request at the edge. A key of another secret is never taken for it. */
const keys = new SigningKeys()

/** The EC2 Query API (2016-11-15), and of STS what tools ask before they use EC2. At the root, since some clients cannot send a path. */
export function ec2({ ports, region, endpoint, report = logged }: Ec2Options): Hono<{ Variables: { action?: string } }> {
  const app = new Hono<{ Variables: { action?: string } }>()

  app.use(async (c, next) => {
    await next()
    const labels = { dialect: 'ec2', verb: c.var.action ?? 'none', status: String(c.res.status) }
    ports.meters?.count('sirocco_requests_total', labels)
  })

  app.use(bodyLimit({ maxSize: limits.requestBytes, onError: () => refuse(tooLarge) }))
  app.on(['GET', 'POST'], '/', async c => {
    const { method, headers } = c.req.raw
    const url = new URL(c.req.url)
    const body = new Uint8Array(await c.req.arrayBuffer())
    const expected = { now: ports.clock.now(), region, services }
    const { principal, key, service } = await verify({ method, url, headers, body }, expected, keys, id => secretOfKey(ports, id))
    await noteUse(ports, key)

    const given = nested([...pairsOf(url.search.slice(1)), ...pairsOf(textOf(body))])
    const name = typeof given.Action === 'string' ? given.Action : ''
    if (name === '') throw new Refusal('MissingAction', 'The request must contain the parameter Action')
    const action = actionOf(service, name)
    if (!action) throw new Refusal('InvalidAction', `The action ${name.slice(0, 64)} is not valid for this web service.`)
    c.set('action', name)

    const answer = await action.run({ principal, ports, region, endpoint }, given)
    const requestId = requestIdOf(ports.random)
    return xmlResponse(200, documents[service](name, answer, requestId), requestId)
  })
  app.notFound(() => refuse(elsewhere))
  app.onError(error => {
    if (error instanceof Refusal) return refuse(error)
    const requestId = requestIdOf(ports.random)
    report(error, requestId)
    return errorResponse(unexpected, requestId)
  })
  return app

  function refuse(refusal: Refusal): Response {
    return errorResponse(refusal, requestIdOf(ports.random))
  }
}

const tooLarge = new Refusal('RequestEntityTooLarge', `The request is larger than ${limits.requestBytes} bytes.`)
const unexpected = new Refusal('InternalError', 'An internal error has occurred; the request id names it in the log.')
const elsewhere = new Refusal('InvalidAction', 'The EC2 endpoint answers GET and POST at / only.')

const logged = (error: unknown, request: string): void => {
  const { message, stack } = error instanceof Error ? error : { message: String(error) }
  console.error(JSON.stringify({ level: 'error', dialect: 'ec2', request, message, stack }))
}

function textOf(body: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body)
  } catch {
    throw new Refusal('MalformedQueryString', 'The body is not UTF-8.')
  }
}

const documents = {
  ec2: (action, answer, requestId) =>
    document(`${action}Response`, 'http://ec2.amazonaws.com/doc/2016-11-15/', { requestId, ...answer }),
  sts: (action, answer, requestId) =>
    document(`${action}Response`, 'https://sts.amazonaws.com/doc/2011-06-15/', {
      [`${action}Result`]: answer,
      ResponseMetadata: { RequestId: requestId },
    }),
} as const satisfies Record<Service, (action: string, answer: Answer, requestId: string) => string>

/** EC2's shape; STS clients read Code and Message out of it, too. */
const errorResponse = ({ code, message, status }: Refusal, requestId: string): Response =>
  xmlResponse(
    status,
    document('Response', null, { Errors: { Error: { Code: code, Message: message } }, RequestID: requestId }),
    requestId,
  )

const xmlResponse = (status: number, body: string, requestId: string): Response =>
  new Response(body, {
    status,
    headers: { 'content-type': 'text/xml;charset=UTF-8', 'cache-control': 'no-store', 'x-amzn-requestid': requestId },
  })

/** A UUID of version 4, as clients expect of AWS. */
function requestIdOf(random: Random): string {
  const bytes = random.bytes(16)
  const at = (i: number) => bytes[i] ?? 0
  bytes[6] = (at(6) & 0x0f) | 0x40
  bytes[8] = (at(8) & 0x3f) | 0x80
  return hexOf(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}
