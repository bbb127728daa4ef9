import { listRegions } from '../../../services/regions/list.ts'
import { action } from '../action.ts'
import { filterOf, type Looks } from '../filters.ts'
import { filters, flag, listOrNone, text } from '../parameters.ts'
import { Refusal } from '../refusal.ts'

const parameters = { RegionName: listOrNone(text), Filter: filters, AllRegions: flag.optional() }

interface Row {
  readonly regionName: string
  readonly regionEndpoint: string
  readonly optInStatus: string
}
const looks = {
  endpoint: row => [row.regionEndpoint],
  'opt-in-status': row => [row.optInStatus],
  'region-name': row => [row.regionName],
} as const satisfies Looks<Row>

/** DescribeRegions: the endpoint is this one for every region of this control plane. */
export const DescribeRegions = action({ right: 'regions.list', noun: 'region', parameters }, async (request, given) => {
  const regions = await request.call(listRegions, {})
  const missing = given.RegionName.find(name => !regions.some(region => region.name === name))
  if (missing !== undefined) throw new Refusal('InvalidParameterValue', `Invalid region: ${missing.slice(0, 64)}`)
  const rows = regions
    .filter(({ name }) => given.RegionName.length === 0 || given.RegionName.includes(name))
    .map(({ name }): Row => ({ regionName: name, regionEndpoint: request.endpoint, optInStatus: 'opt-in-not-required' }))
  return { regionInfo: rows.filter(filterOf<Row>(given.Filter, looks)).map(row => ({ ...row })) }
})
