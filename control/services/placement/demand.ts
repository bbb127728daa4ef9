import { ok, type Result } from '@sirocco/shared/kit/fault.ts'
import type { Scope } from '../../domain/access/principal.ts'
import type { Demand } from '../../domain/placement/demand.ts'
import type { PlacementGroup } from '../../domain/placement/group.ts'
import type { Store } from '../../ports/store.ts'
import { flavorNamed } from '../flavors/find.ts'
import { zoneNamed } from '../regions/find.ts'

/** What a launch says that bears on its place. */
export interface WantedPlace {
  readonly image: string
  readonly flavor: string
  readonly zone?: string | undefined
  readonly placementGroup?: string | undefined
  readonly hostTags: Readonly<Record<string, string>>
}

/** The demand of a machine that was launched so. */
export async function demandOf(
  store: Store,
  scope: Scope,
  wanted: WantedPlace,
): Promise<Result<Demand & { readonly group: PlacementGroup | null }>> {
  const [image, flavors, regions, group] = await Promise.all([
    store.images.find(scope, wanted.image),
    store.flavors.list(),
    store.regions.list(),
    wanted.placementGroup === undefined ? ok(null) : store.placementGroups.find(scope, wanted.placementGroup),
  ])
  if (!image.ok) return image
  if (!flavors.ok) return flavors
  if (!regions.ok) return regions
  if (!group.ok) return group
  const flavor = flavorNamed(flavors.value, wanted.flavor)
  if (!flavor.ok) return flavor
  const zone = zoneNamed(regions.value, wanted.zone)
  if (!zone.ok) return zone
  const { vcpus, memoryMiB, diskMiB, hostTags } = flavor.value
  return ok({
    zone: zone.value.name,
    architecture: image.value.architecture,
    vcpus,
    memoryMiB,
    diskMiB: Math.max(diskMiB, image.value.minDiskMiB),
    hostTags: { ...wanted.hostTags, ...hostTags },
    group: group.value,
  })
}
