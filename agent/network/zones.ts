import type { WantedNetwork } from '@sirocco/shared/wire/objects.ts'
import { zoneWish } from './names.ts'

/** The zone of connection tracking of each network: no two of this host's share one. */
export function zonesOf(tag: string, networks: readonly Pick<WantedNetwork, 'id'>[]): ReadonlyMap<string, number> {
  const zones = new Map<string, number>()
  const taken = new Set<number>()
  for (const id of networks.map(network => network.id).sort()) {
    let zone = zoneWish(tag, id)
    while (taken.has(zone)) zone = (zone % 65_535) + 1
    taken.add(zone)
    zones.set(id, zone)
  }
  return zones
}
