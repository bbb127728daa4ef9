import { ok, type Result } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { hex } from '@sirocco/shared/kit/random.ts'
import type { NewSubnet } from '../../ports/networks.ts'
import { zoneNamed } from '../regions/find.ts'
import type { Context } from '../verb.ts'

/** A zone where a subnet is to be, and what default networks there are cut from. */
export interface Ground {
  readonly region: Id<'region'>
  readonly regionName: string
  readonly zone: Id<'zone'>
  readonly pools: readonly string[]
}

/** A zone by name; any of the region's where only that is said; the only one where neither is. */
export async function groundOf({ store }: Context, named: string | undefined, regionName?: string): Promise<Result<Ground>> {
  const regions = await store.regions.list()
  if (!regions.ok) return regions
  const zoneName = named ?? regions.value.find(({ name }) => name === regionName)?.zones[0]?.name
  const zone = zoneNamed(regions.value, zoneName)
  if (!zone.ok) return zone
  const ground = await store.tenancy.ground()
  if (!ground.ok) return ground
  const found = ground.value.find(one => one.zone === zone.value.id)
  const region = regions.value.find(({ zones }) => zones.some(({ id }) => id === zone.value.id))
  if (!found || !region) throw new Error('impossible: found, and not there')
  return ok({ region: found.region, regionName: region.name, zone: found.zone, pools: found.pools })
}

export const newSubnet = (
  { ids, random }: Pick<Context, 'ids' | 'random'>,
  { network, zone, cidr }: Pick<NewSubnet, 'network' | 'zone' | 'cidr'>,
): NewSubnet => ({ id: ids.make('subnet'), alias: `subnet-${hex(random, 17)}`, network, zone, cidr })
