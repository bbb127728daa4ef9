import { WorkerEntrypoint } from 'cloudflare:workers'
import { compose } from './compose.ts'
import { ec2 } from './dialects/ec2/index.ts'
import type { Env } from './env.ts'
import { reconcile } from './reconcile/index.ts'
import { serve } from './serve.ts'

export { AgentLink } from './objects/agent-link.ts'
export { Feed } from './objects/feed.ts'
export { Operations } from './objects/operations.ts'
export { Stream } from './objects/stream.ts'

const ec2Of = (request: Request, env: Env, ctx: ExecutionContext): Response | Promise<Response> =>
  ec2({ ports: compose(env, ctx), region: env.REGION, endpoint: new URL(env.EC2_URL).host }).fetch(request)

/** EC2 by a socket of its own, at its root: what serves the second port on one machine. */
export class Ec2 extends WorkerEntrypoint<Env> {
  override async fetch(request: Request): Promise<Response> {
    return ec2Of(request, this.env, this.ctx)
  }
}

export default {
  /** At the edge EC2 is a hostname of its own on the same Worker. */
  async fetch(request, env, ctx) {
    if (new URL(request.url).host === new URL(env.EC2_URL).host) return ec2Of(request, env, ctx)
    return serve(request, env, ctx)
  },
  async scheduled(_, env, ctx) {
    const ports = compose(env, ctx)
    for (const { name, fault } of await reconcile(ports)) {
      ports.meters?.count('sirocco_reconciles_total', { name, outcome: fault ? 'failed' : 'done' })
      if (fault) console.error(JSON.stringify({ level: 'error', message: 'reconcile', name, fault }))
    }
  },
} satisfies ExportedHandler<Env>
