import type { Network } from '../../../domain/networks/network.ts'
import { action } from '../action.ts'
import { filterOf, type Looks } from '../filters.ts'
import { networksOf } from '../networks.ts'
import { sliceOf } from '../paging.ts'
import { filters, listOrNone, paging, text } from '../parameters.ts'
import { Refusal } from '../refusal.ts'
import { defaultGroup } from '../render/security-group.ts'

const parameters = { GroupId: listOrNone(text), GroupName: listOrNone(text), Filter: filters, ...paging }

const description = 'default VPC security group'
const looks = (account: string) =>
  ({
    description: () => [description],
    'group-id': network => [defaultGroup(network.alias).groupId],
    'group-name': network => [defaultGroup(network.alias).groupName],
    'owner-id': () => [account],
    'tag-key': () => [],
    'vpc-id': network => [network.alias],
  }) as const satisfies Looks<Network>

/** What it truly lets through: everything. */
const everything = [{ ipProtocol: '-1', groups: [], ipRanges: [{ cidrIp: '0.0.0.0/0' }], ipv6Ranges: [], prefixListIds: [] }]

const renderGroup = (network: Network, account: string) => ({
  ...defaultGroup(network.alias),
  groupDescription: description,
  vpcId: network.alias,
  ownerId: account,
  ipPermissions: everything,
  ipPermissionsEgress: everything,
  tagSet: [],
})

/** DescribeSecurityGroups: the default group of each network, which is all there is so far. */
export const DescribeSecurityGroups = action(
  { right: 'networks.list', noun: 'security-group', parameters },
  async (request, given) => {
    const { account } = request.principal
    const networks = await networksOf(request)
    const named = (network: Network) => {
      const { groupId, groupName } = defaultGroup(network.alias)
      return (
        (given.GroupId.length === 0 || given.GroupId.includes(groupId)) &&
        (given.GroupName.length === 0 || given.GroupName.includes(groupName))
      )
    }
    const missing = [
      ...given.GroupId.filter(id => !networks.some(network => defaultGroup(network.alias).groupId === id)),
      ...given.GroupName.filter(name => !networks.some(network => defaultGroup(network.alias).groupName === name)),
    ][0]
    if (missing !== undefined)
      throw new Refusal('InvalidGroup.NotFound', `The security group '${missing.slice(0, 64)}' does not exist`)
    const passes = filterOf<Network>(given.Filter, looks(account), () => ({}))
    const { items, nextToken } = sliceOf(
      networks.filter(network => named(network) && passes(network)),
      { ...given, keyOf: network => network.id },
    )
    return { securityGroupInfo: items.map(network => renderGroup(network, account)), nextToken }
  },
)
