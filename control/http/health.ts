import { Hono } from 'hono'
import type { Here } from './here.ts'

/** `/healthz`: the Worker runs. `/readyz`: its database answers, and was set up. */
export function healthRoutes(): Hono<{ Bindings: Here }> {
  const app = new Hono<{ Bindings: Here }>()
  app.get('/healthz', context => context.json({ ok: true }))
  app.get('/readyz', async context => {
    const database = await context.env.ports.store.incarnation()
    return database.ok ? context.json({ ok: true }) : context.json({ ok: false, message: database.fault.message }, 503)
  })
  return app
}
