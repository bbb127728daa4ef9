import { ok } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import type { Reconciler } from './reconciler.ts'

/** Pokes the link objects of agents that are thought alive: each looks whether it is, and whether its hosts are behind. */
export const links: Reconciler = {
  name: 'links',
  async run({ store, pokes }) {
    let found = 0
    for (let after: string | null = null; ; ) {
      const page = await store.agents.alive({ after, limit: limits.reconcilePage })
      if (!page.ok) return page
      const hosts = page.value.items.flatMap(agent => agent.hosts.map(h => h.id))
      if (hosts.length > 0) pokes.hosts(hosts)
      found += hosts.length
      after = page.value.next
      if (after === null) return ok(found)
    }
  },
}
