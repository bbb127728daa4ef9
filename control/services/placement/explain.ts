import { ok } from '@sirocco/shared/kit/fault.ts'
import { z } from 'zod'
import { countIn, rejectionOf } from '../../domain/placement/demand.ts'
import { Page, Ref, Tags } from '../inputs.ts'
import { read } from '../verb.ts'
import { demandOf } from './demand.ts'

/** What placement says of each host of the zone, a page: which would take a machine like this, and why the others would not. For admins. */
export const explainPlacement = read('placement.explain', {
  input: Page.extend({
    image: Ref,
    flavor: z.string().min(1).max(64),
    zone: z.string().max(64).optional(),
    placementGroup: z.string().min(1).max(255).optional(),
    hostTags: Tags.default({}),
  }),
  async run({ store, scope }, { after, limit, ...wanted }) {
    const demand = await demandOf(store, scope, wanted)
    if (!demand.ok) return demand
    const { group } = demand.value
    const around = { refused: new Set<never>(), begun: false, together: 1 }
    const page = await store.hosts.ofZone(demand.value, { after, limit })
    if (!page.ok) return page
    return ok({
      demand: demand.value,
      items: page.value.items.map(host => ({
        host,
        rejection: rejectionOf(host, demand.value, { ...around, begun: (group?.hosts ?? 0) > 0 }),
        fits: countIn(host.free, demand.value),
      })),
      next: page.value.next,
    })
  },
})
