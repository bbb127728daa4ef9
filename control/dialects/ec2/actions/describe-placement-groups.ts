import { limits } from '@sirocco/shared/model/limits.ts'
import type { PlacementGroup } from '../../../domain/placement/group.ts'
import { listPlacementGroups } from '../../../services/placement-groups/list.ts'
import { action } from '../action.ts'
import { filterOf, type Looks } from '../filters.ts'
import { filters, listOrNone, text } from '../parameters.ts'
import { Refusal } from '../refusal.ts'
import { renderPlacementGroup, strategies } from '../render/placement-group.ts'

const named = listOrNone(text.min(1, 'must not be empty'), limits.page)
const parameters = { GroupName: named, GroupId: named, Filter: filters }

const looks = {
  'group-name': group => [group.name],
  'group-arn': () => [],
  state: () => ['available'],
  strategy: group => [strategies[group.policy]],
} as const satisfies Looks<PlacementGroup>

/** DescribePlacementGroups: a name that is not there is an error. A project has at most `limits.placementGroups`. */
export const DescribePlacementGroups = action(
  { right: 'placement-groups.list', noun: 'placement-group', parameters },
  async (request, given) => {
    const passes = filterOf<PlacementGroup>(given.Filter, looks, () => ({}))
    const wanted = new Set([...given.GroupName, ...given.GroupId])
    const { items } = await request.call(listPlacementGroups, { limit: limits.pageMax })
    const missing = [...wanted].find(ref => !items.some(group => group.name === ref || group.alias === ref))
    if (missing !== undefined)
      throw new Refusal('InvalidPlacementGroup.Unknown', `The placement group '${missing.slice(0, 64)}' is unknown`)
    const chosen = wanted.size === 0 ? items : items.filter(group => wanted.has(group.name) || wanted.has(group.alias))
    return { placementGroupSet: chosen.filter(passes).map(renderPlacementGroup) }
  },
)
