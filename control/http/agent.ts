import { problems } from '@sirocco/shared/api/problems.ts'
import { type Fault, refuse } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { EnrolRequest } from '@sirocco/shared/wire/enrol.ts'
import { signatureHeaders } from '@sirocco/shared/wire/signature.ts'
import { UpgradeReport } from '@sirocco/shared/wire/upgrade.ts'
import { type Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { blobsOf } from '../compose.ts'
import { linkOf, streamOf } from '../objects/addresses.ts'
import { imageBytes } from '../ports/blobs.ts'
import type { Agent } from '../ports/store.ts'
import { enrol } from '../services/agents/enrol.ts'
import { hearUpgrade } from '../services/agents/upgrade.ts'
import { verifyAgent } from '../services/agents/verify.ts'
import { sha256 } from '../services/sha256.ts'
import { backupRoutes } from './backups.ts'
import { convertRoutes } from './convert.ts'
import type { Here } from './here.ts'
import { inward, upgrades } from './inward.ts'
import { joinScriptHash } from './join.ts'
import { joinScript } from './join-script.ts'
import { rangeOf } from './range.ts'

export type Env = { Bindings: Here }

/** What agents ask. All but enrolment is signed, and verified here: before any object is touched or a byte is read. */
export function agentRoutes(): Hono<Env> {
  const app = new Hono<Env>()

  app.post('/enrol', bodyLimit({ maxSize: limits.requestBytes, onError: () => refused(tooLong.fault) }), async context => {
    const request = EnrolRequest.safeParse(jsonOf(await context.req.text()))
    if (!request.success)
      return refused(
        refuse('invalid', request.error.issues.map(issue => `${issue.path.join('.')}: ${issue.message}`).join('; ')).fault,
      )
    const agent = await enrol(context.env.ports, request.data)
    return agent.ok ? Response.json(agent.value, { status: 201, headers: { 'cache-control': 'no-store' } }) : refused(agent.fault)
  })

  app.get('/link', context =>
    signed(context, async agent => {
      if (!upgrades(context.req.raw)) return refused(refuse('invalid', 'this is a WebSocket').fault)
      const [nonce = '', time = ''] = [context.req.header(signatureHeaders.nonce), context.req.header(signatureHeaders.time)]
      return linkOf(context.env.env, agent.linkObject).fetch(inward(context.req.raw, { agent: agent.id, nonce, time }))
    }),
  )

  app.get('/streams/:ticket', context =>
    signed(context, async agent => {
      if (!upgrades(context.req.raw)) return refused(refuse('invalid', 'this is a WebSocket').fault)
      const stream = streamOf(context.env.env, await sha256(context.req.param('ticket')))
      return stream.fetch(inward(context.req.raw, { side: 'agent', agent: agent.id }))
    }),
  )

  /** Public, by their content: whoever names the hash has been told it. */
  app.get('/join/:sha256', async context =>
    context.req.param('sha256') === (await joinScriptHash())
      ? new Response(joinScript, {
          headers: { 'content-type': 'text/x-shellscript; charset=utf-8', 'cache-control': unchanging },
        })
      : refused(refuse('not_found', 'there is no such script; ask for a new line').fault),
  )
  app.get('/bundles/:sha256', async context => {
    const name = context.req.param('sha256')
    const found = /^[0-9a-f]{64}$/.test(name) ? await blobsOf(context.env.env).get(`bundles/${name}`) : null
    if (!found) return refused(refuse('not_found', 'there is no such bundle; ask for a new line').fault)
    const headers = { 'content-type': 'text/javascript', 'content-length': String(found.size), 'cache-control': unchanging }
    return new Response(found.body, { headers })
  })
  app.post('/upgrade', bodyLimit({ maxSize: limits.requestBytes, onError: () => refused(tooLong.fault) }), context =>
    signed(context, async agent => {
      const report = UpgradeReport.safeParse(jsonOf(await context.req.text()))
      if (!report.success) return refused(refuse('invalid', 'this is no report of an agent').fault)
      const wanted = await hearUpgrade(context.env.ports, agent, report.data)
      return wanted.ok ? Response.json(wanted.value, { headers: { 'cache-control': 'no-store' } }) : refused(wanted.fault)
    }),
  )
  app.get('/blobs/:sha256', context => signed(context, () => blob(context)))
  app.route('/', convertRoutes())
  app.route('/', backupRoutes())
  return app
}

const unchanging = 'public, max-age=31536000, immutable'

export const tooLong = refuse('invalid', `a request may have ${limits.requestBytes} bytes`)

/** An image's bytes, whole or one range of them. */
async function blob(context: Context<Env>): Promise<Response> {
  const name = context.req.param('sha256') ?? ''
  if (!/^[0-9a-f]{64}$/.test(name)) return refused(refuse('not_found', 'there are no such bytes').fault)
  const range = rangeOf(context.req.header('range') ?? null)
  const found = await blobsOf(context.env.env).get(imageBytes(name), range ?? undefined)
  if (!found) return refused(refuse('not_found', 'there are no such bytes').fault)
  const { body, size } = found
  const headers = {
    'accept-ranges': 'bytes',
    'content-type': 'application/octet-stream',
    etag: `"${name}"`,
    'cache-control': 'private, immutable',
  }
  if (!range) return new Response(body, { headers: { ...headers, 'content-length': String(size) } })
  if (range.offset >= size)
    return new Response(null, { status: 416, headers: { ...headers, 'content-range': `bytes */${size}` } })
  const end = range.length === undefined ? size : Math.min(size, range.offset + range.length)
  return new Response(body, {
    status: 206,
    headers: {
      ...headers,
      'content-range': `bytes ${range.offset}-${end - 1}/${size}`,
      'content-length': String(end - range.offset),
    },
  })
}

export async function signed(context: Context<Env>, then: (agent: Agent) => Promise<Response>): Promise<Response> {
  const { pathname, search } = new URL(context.req.url)
  const agent = await verifyAgent(context.env.ports, {
    method: context.req.method,
    path: pathname + search,
    header: name => context.req.header(name) ?? null,
  })
  return agent.ok ? then(agent.value) : refused(agent.fault)
}

export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Agents read the same code and words as everybody. */
export const refused = ({ code, message }: Fault): Response =>
  Response.json({ code, message }, { status: problems[code].status, headers: { 'cache-control': 'no-store' } })
