import { ok, type Result } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import type { Candidate, Demand } from '../../domain/placement/demand.ts'
import { type Placement, place } from '../../domain/placement/place.ts'
import type { Store } from '../../ports/store.ts'
import type { Context } from '../verb.ts'

/**
 * Hosts for `min` to `max` machines of one demand: among the roomiest first, which nearly always do; only where they do not, among all of
 * the zone. `capacity` where fewer than `min` fit.
 */
export async function choose(
  { store, random, refused }: Pick<Context, 'store' | 'random' | 'refused'>,
  demand: Demand,
  { min, max }: { readonly min: number; readonly max: number },
): Promise<Result<Placement>> {
  const roomiest = await store.hosts.roomiest(demand, Math.max(limits.placementWindow, 2 * max))
  if (!roomiest.ok) return roomiest
  const near = place(roomiest.value, demand, { min, max, refused, random })
  if (near.ok && near.value.hosts.length === max) return near
  const all = await everyHost(store, demand)
  return all.ok ? place(all.value, demand, { min, max, refused, random }) : all
}

/** Of a zone, counted anew. */
export async function everyHost(
  store: Store,
  demand: Pick<Demand, 'zone' | 'group' | 'lying'>,
): Promise<Result<readonly Candidate[]>> {
  const hosts: Candidate[] = []
  let after: string | null = null
  do {
    const page: Awaited<ReturnType<Store['hosts']['ofZone']>> = await store.hosts.ofZone(demand, { after, limit: limits.pageMax })
    if (!page.ok) return page
    hosts.push(...page.value.items)
    after = page.value.next
  } while (after !== null && hosts.length < limits.placementHosts)
  return ok(hosts)
}
