import { limits } from '@sirocco/shared/model/limits.ts'
import { Hono } from 'hono'
import type { Here } from './here.ts'

const notReady = (message: string) => ({ ok: false, message })

/** `/healthz`: the Worker runs. `/readyz`: its database answers, was set up, is of this code's version, and operations get their turns. */
export function healthRoutes(): Hono<{ Bindings: Here }> {
  const app = new Hono<{ Bindings: Here }>()
  app.get('/healthz', context => {
    // Its clock's, by which signed requests are judged.
    context.header('date', new Date(context.env.ports.clock.now()).toUTCString())
    return context.json({ ok: true })
  })
  app.get('/readyz', async context => {
    const { store, clock } = context.env.ports
    const [incarnation, version, figures] = await Promise.all([store.incarnation(), store.version(), store.figures(clock.now())])
    for (const asked of [incarnation, version, figures]) if (!asked.ok) return context.json(notReady(asked.fault.message), 503)
    if (version.ok && version.value.data !== version.value.code)
      return context.json(
        notReady(
          `the data is of version ${version.value.data}, this code of ${version.value.code}: start it anew, or deploy as README says`,
        ),
        503,
      )
    if (figures.ok && figures.value.overdueMs > limits.readyWithin)
      return context.json(
        notReady(`operations wait for their turn since ${Math.round(figures.value.overdueMs / 1_000)} s: look at the log`),
        503,
      )
    return context.json({ ok: true })
  })
  return app
}
