import { listRegions } from '../../../services/regions/list.ts'
import { action } from '../action.ts'
import { filterOf, type Looks } from '../filters.ts'
import { filters, flag, listOrNone, text } from '../parameters.ts'
import { Refusal } from '../refusal.ts'

const parameters = {
  ZoneName: listOrNone(text),
  ZoneId: listOrNone(text),
  Filter: filters,
  AllAvailabilityZones: flag.optional(),
}

interface Zone {
  readonly id: string
  readonly name: string
}
const looks = (region: string) =>
  ({
    'group-name': () => [region],
    'opt-in-status': () => ['opt-in-not-required'],
    'region-name': () => [region],
    state: () => ['available'],
    'zone-id': zone => [zone.id],
    'zone-name': zone => [zone.name],
    'zone-type': () => ['availability-zone'],
  }) as const satisfies Looks<Zone>

/** DescribeAvailabilityZones: of this endpoint's region. */
export const DescribeAvailabilityZones = action({ right: 'regions.list', noun: 'zone', parameters }, async (request, given) => {
  const regions = await request.call(listRegions, {})
  const zones: readonly Zone[] = regions.find(({ name }) => name === request.region)?.zones ?? []
  const missing = [...given.ZoneName, ...given.ZoneId].find(
    wanted => !zones.some(({ id, name }) => id === wanted || name === wanted),
  )
  if (missing !== undefined) throw new Refusal('InvalidParameterValue', `Invalid availability zone: [${missing.slice(0, 64)}]`)
  const passes = filterOf(given.Filter, looks(request.region))
  return {
    availabilityZoneInfo: zones
      .filter(({ name }) => given.ZoneName.length === 0 || given.ZoneName.includes(name))
      .filter(({ id }) => given.ZoneId.length === 0 || given.ZoneId.includes(id))
      .filter(passes)
      .map(({ id, name }) => ({
        zoneName: name,
        zoneId: id,
        zoneState: 'available',
        regionName: request.region,
        groupName: request.region,
        networkBorderGroup: request.region,
        zoneType: 'availability-zone',
        optInStatus: 'opt-in-not-required',
        messageSet: [],
      })),
  }
})
