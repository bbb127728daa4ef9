import { deleteSecurityGroup } from '../../../services/security-groups/delete.ts'
import { action } from '../action.ts'
import { text } from '../parameters.ts'
import { securityGroupNamed } from '../security-groups.ts'

/** DeleteSecurityGroup: refused while anything is in it, or a rule names it. */
export const DeleteSecurityGroup = action(
  {
    right: 'security-groups.delete',
    noun: 'security-group',
    parameters: { GroupId: text.optional(), GroupName: text.optional() },
  },
  async (request, given) => {
    const group = await securityGroupNamed(request, given)
    await request.call(deleteSecurityGroup, { group: group.id })
    return { return: true, groupId: group.alias }
  },
)
