import type { PlacementPolicy } from '@sirocco/shared/model/placement/policies.ts'
import type { PlacementGroup } from '../../../domain/placement/group.ts'

/** EC2's word for a policy. A cluster only prefers to be close; a spread that cannot be kept is refused, as EC2's are. */
export const strategies = { affinity: 'cluster', 'anti-affinity': 'spread' } as const satisfies Record<PlacementPolicy, string>

export const renderPlacementGroup = ({ name, alias, policy }: PlacementGroup) => ({
  groupName: name,
  groupId: alias,
  state: 'available',
  strategy: strategies[policy],
  ...(policy === 'anti-affinity' ? { spreadLevel: 'host' } : {}),
})
