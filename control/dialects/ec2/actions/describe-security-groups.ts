import type { SecurityGroup } from '../../../domain/security/group.ts'
import { action } from '../action.ts'
import { filterOf, type Looks } from '../filters.ts'
import { sliceOf } from '../paging.ts'
import { filters, listOrNone, paging, text } from '../parameters.ts'
import { Refusal } from '../refusal.ts'
import { renderSecurityGroup } from '../render/security-group.ts'
import { securityGroupsOf } from '../security-groups.ts'

const parameters = { GroupId: listOrNone(text), GroupName: listOrNone(text), Filter: filters, ...paging }

const looks = (account: string) =>
  ({
    description: group => [group.description],
    'group-id': group => [group.alias],
    'group-name': group => [group.name],
    'owner-id': () => [account],
    'tag-key': group => Object.keys(group.tags),
    'vpc-id': group => [group.networkAlias],
    'ip-permission.cidr': group =>
      group.rules.flatMap(({ direction, cidr }) => (direction === 'in' && cidr !== null ? [cidr] : [])),
    'ip-permission.from-port': group =>
      group.rules.flatMap(({ direction, from }) => (direction === 'in' && from !== null ? [String(from)] : [])),
    'ip-permission.group-id': group =>
      group.rules.flatMap(({ direction, peerAlias }) => (direction === 'in' && peerAlias !== null ? [peerAlias] : [])),
  }) as const satisfies Looks<SecurityGroup>

/** DescribeSecurityGroups: an id or name that is not there is an error. */
export const DescribeSecurityGroups = action(
  { right: 'security-groups.list', noun: 'security-group', parameters },
  async (request, given) => {
    const { account } = request.principal
    const groups = await securityGroupsOf(request)
    const missing = [
      ...given.GroupId.filter(id => !groups.some(group => group.alias === id)),
      ...given.GroupName.filter(name => !groups.some(group => group.name === name)),
    ][0]
    if (missing !== undefined)
      throw new Refusal('InvalidGroup.NotFound', `The security group '${missing.slice(0, 64)}' does not exist`)
    const named = ({ alias, name }: SecurityGroup) =>
      (given.GroupId.length === 0 || given.GroupId.includes(alias)) &&
      (given.GroupName.length === 0 || given.GroupName.includes(name))
    const passes = filterOf<SecurityGroup>(given.Filter, looks(account), group => group.tags)
    const { items, nextToken } = sliceOf(
      groups.filter(group => named(group) && passes(group)),
      { ...given, keyOf: group => group.id },
    )
    return { securityGroupInfo: items.map(group => renderSecurityGroup(group, account)), nextToken }
  },
)
