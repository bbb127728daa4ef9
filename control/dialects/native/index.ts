import { openapi } from '@sirocco/shared/api/openapi.ts'
import type { Route } from '@sirocco/shared/api/route.ts'
import { base, type RouteName, routes } from '@sirocco/shared/api/routes.ts'
import { UsageCsvQuery } from '@sirocco/shared/api/usage.ts'
import { ok, type Refused, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { hex } from '@sirocco/shared/kit/random.ts'
import { type Context, Hono } from 'hono'
import { z } from 'zod'
import type { Principal } from '../../domain/access/principal.ts'
import { exportAudit } from './audit.ts'
import { principalOf } from './credentials.ts'
import { isCrossSite } from './cross-site.ts'
import type { Handler, Here, Reply } from './handler.ts'
import { handlers } from './handlers.ts'
import { jsonOf, parsed, queryOf } from './parse.ts'
import type { NativeParts } from './parts.ts'
import { problemResponse } from './problem.ts'
import { spanOf } from './routes/usage.ts'
import { exportUsage } from './usage-csv.ts'

type Env = { Bindings: NativeParts; Variables: { requestId: string; route?: RouteName } }

/** Any route's handler, as the frame calls it: what it is given was parsed by its own schemas. */
type AnyHandler = (
  asked: { params: unknown; query: unknown; body: unknown },
  here: NativeParts,
) => Promise<Result<Reply<unknown>>>

/** The native REST API, from the table of its routes. Each request brings its `NativeParts` as the environment. */
export function native(): Hono<Env> {
  const app = new Hono<Env>().basePath(base)

  app.use(async (context, next) => {
    context.set('requestId', `req_${hex(context.env.ports.random, 24)}`)
    await next()
    const labels = { dialect: 'native', verb: context.var.route ?? 'none', status: String(context.res.status) }
    context.env.ports.meters?.count('sirocco_requests_total', labels)
  })
  app.get('/openapi.json', ({ env }) =>
    Response.json(openapi(new URL(env.publicUrl).origin, env.version), { headers: { 'cache-control': 'no-cache' } }),
  )
  app.get('/feed', feed)
  app.get('/audit', audit)
  app.get('/usage.csv', usage)
  app.get('/consoles/:ticket', joinConsole)
  for (const name of Object.keys(routes) as RouteName[]) {
    const route: Route = routes[name]
    app.on(route.method, route.path, context => {
      context.set('route', name)
      return serve(context, route, handlers[name] as Handler<Route> as AnyHandler)
    })
  }
  app.notFound(context =>
    refused(
      context,
      refuse('not_found', `there is no ${context.req.method} ${context.req.path}; /api/v1/openapi.json tells what there is`),
    ),
  )
  app.onError((error, context) => {
    context.env.log({ level: 'error', request: context.var.requestId, message: error.message, stack: error.stack })
    return refused(
      context,
      refuse('internal', `something went wrong here; tell the operator the request id ${context.var.requestId}`),
    )
  })
  return app
}

async function serve(context: Context<Env>, route: Route, handler: AnyHandler): Promise<Response> {
  const { env } = context
  const request = context.req.raw
  if (route.open) {
    if (isCrossSite(request, env.publicUrl))
      return refused(context, refuse('forbidden', 'pages of another site may not act for you'))
  }
  const principal = route.open ? ok(null) : await principalOf(request, env)
  if (!principal.ok) return refused(context, principal)
  if (route.stream && principal.value && (request.headers.get('accept') ?? '').includes('text/event-stream'))
    return follow(context, principal.value)

  const token = tokenOf(request, route)
  if (!token.ok) return refused(context, token)
  const asked = await askedOf(context, route)
  if (!asked.ok) return refused(context, asked)
  const reply = await handler(asked.value, principal.value ? hereOf(env, principal.value, token.value, request) : env)
  if (!reply.ok) return refused(context, inHttpWords(reply))

  const { body, headers = {} } = reply.value
  const common = { 'cache-control': 'no-store', 'x-request-id': context.var.requestId, ...headers }
  if (!route.answer) return new Response(null, { status: route.status, headers: common })
  return Response.json(body, { status: route.status, headers: { ...common, ...linkOf(request, body) } })
}

const hereOf = (env: NativeParts, principal: Principal, token: string | undefined, request: Request): Here => ({
  ...env,
  principal,
  call: { ports: env.ports, principal, ...(token === undefined ? {} : { token }) },
  admin: principal.role === 'admin',
  request,
})

/** Path, query and body, each by the route's schema. Where it has none, nothing may be given. */
async function askedOf(context: Context<Env>, route: Route): Promise<Result<{ params: unknown; query: unknown; body: unknown }>> {
  const params = route.params ? parsed(route.params, context.req.param()) : ok(undefined)
  if (!params.ok) return params
  const querySchema = route.query ?? nothing
  const given = queryOf(new URL(context.req.url), querySchema)
  if (!given.ok) return given
  const query = parsed(querySchema, given.value)
  if (!query.ok) return query
  if (!route.body) return ok({ params: params.value, query: query.value, body: undefined })
  const json = await jsonOf(context.req.raw)
  if (!json.ok) return json
  const body = parsed(route.body, json.value)
  return body.ok ? ok({ params: params.value, query: query.value, body: body.value }) : body
}
const nothing = z.strictObject({})

function tokenOf(request: Request, route: Route): Result<string | undefined> {
  const token = request.headers.get('idempotency-key')
  if (token === null) return ok(undefined)
  if (!route.idempotent) return ok(undefined)
  return /^[\x21-\x7e]{1,64}$/.test(token)
    ? ok(token)
    : refuse('invalid', 'Idempotency-Key: 1 to 64 printable ASCII characters', { field: 'Idempotency-Key' })
}

/** What verbs call the token is a header here. */
const inHttpWords = ({ fault }: Refused): Refused => ({
  ok: false,
  fault: fault.field === 'token' ? { ...fault, field: 'Idempotency-Key' } : fault,
})

/** RFC 8288: where the next page is. */
function linkOf(request: Request, body: unknown): { link?: string } {
  if (typeof body !== 'object' || body === null || !('next' in body) || typeof body.next !== 'string') return {}
  const url = new URL(request.url)
  url.searchParams.set('cursor', body.next)
  return { link: `<${url.pathname}${url.search}>; rel="next"` }
}

/** A list of events, kept open: from `Last-Event-ID`, else `after`, else from now on. */
async function follow(context: Context<Env>, principal: Principal): Promise<Response> {
  const request = context.req.raw
  const after = afterOf(request.headers.get('last-event-id') ?? context.req.query('after'))
  if (!after.ok) return refused(context, after)
  return context.env.feed(principal, after.value, request)
}

async function feed(context: Context<Env>): Promise<Response> {
  const request = context.req.raw
  if (request.headers.get('upgrade')?.toLowerCase() !== 'websocket')
    return refused(
      context,
      refuse('invalid', 'this is a WebSocket; for server-sent events, GET /api/v1/events with Accept: text/event-stream'),
    )
  const principal = await principalOf(request, context.env)
  if (!principal.ok) return refused(context, principal)
  const after = afterOf(context.req.query('after'))
  return after.ok ? context.env.feed(principal.value, after.value, request) : refused(context, after)
}

async function audit(context: Context<Env>): Promise<Response> {
  const { env } = context
  const principal = await principalOf(context.req.raw, env)
  if (!principal.ok) return refused(context, principal)
  const exported = await exportAudit({ ports: env.ports, principal: principal.value }, context.req.query('after'))
  return exported.ok ? exported.value : refused(context, exported)
}

async function usage(context: Context<Env>): Promise<Response> {
  const { env } = context
  const principal = await principalOf(context.req.raw, env)
  if (!principal.ok) return refused(context, principal)
  const given = queryOf(new URL(context.req.url), UsageCsvQuery)
  if (!given.ok) return refused(context, given)
  const query = parsed(UsageCsvQuery, given.value)
  if (!query.ok) return refused(context, query)
  const exported = await exportUsage({ ports: env.ports, principal: principal.value }, spanOf(query.value))
  return exported.ok ? exported.value : refused(context, exported)
}

async function joinConsole(context: Context<Env>): Promise<Response> {
  const request = context.req.raw
  if (request.headers.get('upgrade')?.toLowerCase() !== 'websocket')
    return refused(context, refuse('invalid', 'this is a WebSocket'))
  const principal = await principalOf(request, context.env)
  return principal.ok ? context.env.console(context.req.param('ticket') ?? '', request) : refused(context, principal)
}

function afterOf(text: string | undefined): Result<number | null> {
  if (text === undefined || text === '') return ok(null)
  const after = Number(text)
  return Number.isSafeInteger(after) && after >= 0
    ? ok(after)
    : refuse('invalid', 'after: the seq of an event', { field: 'after' })
}

function refused(context: Context<Env>, { fault }: Refused): Response {
  const { requestId } = context.var
  if (fault.detail !== undefined)
    context.env.log({ level: 'warn', request: requestId, code: fault.code, message: fault.message, detail: fault.detail })
  return problemResponse(fault, requestId)
}
