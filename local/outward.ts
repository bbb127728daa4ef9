import { lookup } from 'node:dns/promises'
import { type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { type Egress, pinned, publicAddress } from '@sirocco/agent/egress/fetch.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { refusedHeader, wantedHeader } from '@sirocco/shared/model/outward.ts'
import { Response } from 'miniflare'

const bySystem = (name: string) => lookup(name, { all: true })

/** Of a request what is passed on. */
interface Asked {
  readonly url: string
  readonly method: string
  readonly headers: Iterable<readonly [string, string]>
  arrayBuffer(): Promise<ArrayBuffer>
}

/**
 * What the Worker asks of the Internet goes through here: to public addresses, and ranges that an admin allows; never to what else this
 * machine reaches. The answer's body is passed on where the Worker reads it, and then not without end.
 */
export const outwardBy =
  ({ resolve = bySystem, allow }: Pick<Egress, 'allow'> & Partial<Egress>) =>
  async (request: Asked): Promise<Response> => {
    const url = new URL(request.url)
    const target = await publicAddress({ resolve, allow }, url)
    if (!target.ok) return new Response(null, { status: 403, headers: { [refusedHeader]: target.fault.message } })
    const body = Buffer.from(await request.arrayBuffer())
    const {
      host: _,
      'content-length': __,
      'cf-worker': ___,
      [wantedHeader]: wanted,
      ...headers
    } = Object.fromEntries(request.headers)
    const options = { method: request.method, headers, agent: false as const, lookup: pinned(target.value) }
    return new Promise((resolve, reject) => {
      const asked = url.protocol === 'https:' ? requestHttps(url.href, options) : requestHttp(url.href, options)
      asked.setTimeout(limits.webhookTimeout, () => asked.destroy(new Error('no answer in time')))
      asked.on('error', reject).on('response', answer => {
        if (wanted === undefined) {
          answer.destroy()
          return resolve(new Response(null, { status: answer.statusCode ?? 502 }))
        }
        whole(answer).then(body => resolve(passed(answer, body)), reject)
      })
      asked.end(body)
    })
  }

/** All of it, as long as the Worker reads. */
async function whole(answer: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = []
  let bytes = 0
  for await (const part of answer) {
    const chunk = Buffer.from(part)
    bytes += chunk.length
    if (bytes > limits.outwardAnswer) throw new Error(`it answers more than ${limits.outwardAnswer} bytes`)
    parts.push(chunk)
  }
  return Buffer.concat(parts)
}

function passed({ statusCode = 502, headers }: IncomingMessage, body: Buffer): Response {
  const type = headers['content-type']
  // These statuses have no body (Fetch, 2.2.3).
  const empty = [204, 205, 304].includes(statusCode)
  return new Response(empty ? null : body, { status: statusCode, headers: type === undefined ? {} : { 'content-type': type } })
}
