import { createSecurityGroup } from '../../../services/security-groups/create.ts'
import { findSecurityGroups } from '../../../services/security-groups/list.ts'
import { action } from '../action.ts'
import { specifiedTags, tagSpecifications, text } from '../parameters.ts'
import { renderTags } from '../render/tags.ts'

const parameters = {
  GroupName: text,
  GroupDescription: text,
  VpcId: text.optional(),
  TagSpecification: tagSpecifications(['security-group']),
}

/** CreateSecurityGroup: it lets everything out and nothing in; in the default network where no VpcId is given. */
export const CreateSecurityGroup = action(
  { right: 'security-groups.create', noun: 'security-group', parameters },
  async (request, { GroupName, GroupDescription, VpcId, TagSpecification }) => {
    const made = await request.call(createSecurityGroup, {
      name: GroupName,
      description: GroupDescription,
      region: request.region,
      tags: specifiedTags(TagSpecification, 'security-group'),
      ...(VpcId === undefined ? {} : { network: VpcId }),
    })
    const [group] = await request.call(findSecurityGroups, { groups: [made.group] })
    return { return: true, groupId: group?.alias, tagSet: renderTags(group?.tags ?? {}) }
  },
)
