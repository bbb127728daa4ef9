import { Hono } from 'hono'
import { compose } from './compose.ts'
import { native } from './dialects/native/index.ts'
import type { NativeParts } from './dialects/native/parts.ts'
import type { Env } from './env.ts'
import { agentRoutes } from './http/agent.ts'
import { secured } from './http/headers.ts'
import { healthRoutes } from './http/health.ts'
import type { Here } from './http/here.ts'
import { inward } from './http/inward.ts'
import { joinLine } from './http/join.ts'
import { metrics } from './http/metrics.ts'
import { originOf } from './http/origin.ts'
import { feedOf, streamOf } from './objects/addresses.ts'
import type { Ports } from './services/context.ts'
import { watchOf } from './services/events/watch.ts'
import { sha256 } from './services/sha256.ts'

/** Of the product: what `/api/v1/openapi.json` and agents are told. */
const version = '0.1.0'

const api = native()
const rest = new Hono<{ Bindings: Here }>().route('/agent', agentRoutes()).route('/', healthRoutes())

/** Every request but EC2's: the native API, agents, health, metrics; all else are the portal's files. */
export async function serve(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
  const { pathname } = new URL(request.url)
  const answer = pathname.startsWith('/api/')
    ? await api.fetch(request, nativeParts(env, compose(env, ctx), request))
    : /^\/(agent\/|healthz$|readyz$)/.test(pathname)
      ? await rest.fetch(request, { env, ports: compose(env, ctx) })
      : pathname === '/metrics'
        ? await metrics(request, nativeParts(env, compose(env, ctx), request))
        : await asset(request, env)
  return secured(answer, env.PUBLIC_URL)
}

const nativeParts = (env: Env, ports: Ports, request: Request): NativeParts => ({
  ports,
  publicUrl: env.PUBLIC_URL,
  ec2Url: env.EC2_URL,
  region: env.REGION,
  version,
  origin: originOf(request),
  feed: (principal, after, request) => {
    const { project, hosts } = watchOf(principal)
    return feedOf(env, project).fetch(
      inward(request, { project, hosts: String(hosts), ...(after === null ? {} : { after: String(after) }) }),
    )
  },
  joinLine: token =>
    joinLine({ bundle: env.AGENT_BUNDLE, pin: env.AGENT_PIN, url: env.PUBLIC_URL, instance: env.AGENT_INSTANCE }, token),
  console: async (ticket, request) => streamOf(env, await sha256(ticket)).fetch(inward(request, { side: 'person' })),
  log: line => console.log(JSON.stringify(line)),
})

async function asset(request: Request, env: Env): Promise<Response> {
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return new Response(null, { status: 405, headers: { allow: 'GET, HEAD' } })
  return env.ASSETS.fetch(request)
}
