import { lookup } from 'node:dns/promises'
import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { type Egress, pinned, publicAddress } from '@sirocco/agent/egress/fetch.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { refusedHeader } from '@sirocco/shared/model/outward.ts'
import { type Request, Response } from 'miniflare'

const bySystem = (name: string) => lookup(name, { all: true })

/**
 * What the Worker asks of the Internet goes through here: to public addresses, and ranges that an admin allows; never to what else this
 * machine reaches. The answer's body is not passed on.
 */
export const outwardBy =
  ({ resolve = bySystem, allow }: Pick<Egress, 'allow'> & Partial<Egress>) =>
  async (request: Request): Promise<Response> => {
    const url = new URL(request.url)
    const target = await publicAddress({ resolve, allow }, url)
    if (!target.ok) return new Response(null, { status: 403, headers: { [refusedHeader]: target.fault.message } })
    const body = Buffer.from(await request.arrayBuffer())
    const { host: _, 'content-length': __, 'cf-worker': ___, ...headers } = Object.fromEntries(request.headers)
    const options = { method: request.method, headers, agent: false as const, lookup: pinned(target.value) }
    return new Promise((resolve, reject) => {
      const asked = url.protocol === 'https:' ? requestHttps(url.href, options) : requestHttp(url.href, options)
      asked.setTimeout(limits.webhookTimeout, () => asked.destroy(new Error('no answer in time')))
      asked.on('error', reject).on('response', answer => {
        answer.destroy()
        resolve(new Response(null, { status: answer.statusCode ?? 502 }))
      })
      asked.end(body)
    })
  }
