import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'

interface Zone {
  readonly id: Id<'zone'>
  readonly name: string
}

/** The zone of this name, the first where none is named, or `invalid` with those that there are. */
export function zoneNamed(regions: readonly { readonly zones: readonly Zone[] }[], name: string | undefined): Result<Zone> {
  const zones = regions.flatMap(region => region.zones)
  const zone = zones.find(z => name === undefined || z.name === name)
  return zone
    ? ok(zone)
    : refuse('invalid', `there is no zone ${name}; choose one of ${zones.map(z => z.name).join(', ')}`, { field: 'zone' })
}
