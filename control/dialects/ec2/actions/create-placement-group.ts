import { z } from 'zod'
import { createPlacementGroup } from '../../../services/placement-groups/create.ts'
import { action } from '../action.ts'
import { never, only, text } from '../parameters.ts'
import { renderPlacementGroup } from '../render/placement-group.ts'

const parameters = {
  GroupName: text,
  Strategy: z.enum(['cluster', 'spread']),
  SpreadLevel: only(['host'], 'machines are spread over hosts here; leave SpreadLevel out').optional(),
  PartitionCount: never('there are no partitions here; use the strategy cluster or spread'),
  TagSpecification: never('placement groups carry no tags here; leave TagSpecification out'),
}

/** CreatePlacementGroup: `cluster` prefers one host, `spread` gives each machine a host of its own. */
export const CreatePlacementGroup = action(
  { right: 'placement-groups.create', noun: 'placement-group', parameters },
  async (request, { GroupName, Strategy }) => {
    const policy = Strategy === 'cluster' ? 'affinity' : 'anti-affinity'
    const group = await request.call(createPlacementGroup, { name: GroupName, policy, strict: policy === 'anti-affinity' })
    return { return: true, placementGroup: renderPlacementGroup(group) }
  },
)
