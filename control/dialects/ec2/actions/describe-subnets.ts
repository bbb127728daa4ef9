import { action } from '../action.ts'
import { filterOf, type Looks } from '../filters.ts'
import { networksOf, type SubnetOfNetwork, subnetsOf } from '../networks.ts'
import { sliceOf } from '../paging.ts'
import { filters, listOrNone, paging, text } from '../parameters.ts'
import { Refusal } from '../refusal.ts'

const parameters = { SubnetId: listOrNone(text), Filter: filters, ...paging }

const looks = (account: string) =>
  ({
    'availability-zone': subnet => [subnet.zone],
    availabilityZone: subnet => [subnet.zone],
    'availability-zone-id': subnet => [subnet.zoneId],
    cidr: subnet => [subnet.cidr],
    'cidr-block': subnet => [subnet.cidr],
    cidrBlock: subnet => [subnet.cidr],
    'default-for-az': subnet => [String(subnet.network.isDefault)],
    defaultForAz: subnet => [String(subnet.network.isDefault)],
    'owner-id': () => [account],
    state: () => ['available'],
    'subnet-id': subnet => [subnet.alias],
    'tag-key': () => [],
    'vpc-id': subnet => [subnet.network.alias],
  }) as const satisfies Looks<SubnetOfNetwork>

/** Addresses that machines may have: all but the network's, the gateway's and the broadcast's. Taken ones are not counted out. */
const addressesOf = (cidr: string): number => Math.max(0, 2 ** (32 - Number(cidr.split('/')[1] ?? 32)) - 3)

export const renderSubnet = (subnet: SubnetOfNetwork, account: string, region: string) => ({
  subnetId: subnet.alias,
  subnetArn: `arn:aws:ec2:${region}:${account}:subnet/${subnet.alias}`,
  vpcId: subnet.network.alias,
  ownerId: account,
  state: 'available',
  cidrBlock: subnet.cidr,
  ipv6CidrBlockAssociationSet: [],
  availableIpAddressCount: addressesOf(subnet.cidr),
  availabilityZone: subnet.zone,
  availabilityZoneId: subnet.zoneId,
  defaultForAz: subnet.network.isDefault,
  mapPublicIpOnLaunch: false,
  assignIpv6AddressOnCreation: false,
  ipv6Native: false,
  tagSet: [],
})

/** DescribeSubnets. */
export const DescribeSubnets = action({ right: 'networks.list', noun: 'subnet', parameters }, async (request, given) => {
  const { account } = request.principal
  const subnets = subnetsOf(await networksOf(request))
  const missing = given.SubnetId.find(id => !subnets.some(subnet => subnet.alias === id))
  if (missing !== undefined)
    throw new Refusal('InvalidSubnetID.NotFound', `The subnet ID '${missing.slice(0, 64)}' does not exist`)
  const asked = subnets.filter(subnet => given.SubnetId.length === 0 || given.SubnetId.includes(subnet.alias))
  const { items, nextToken } = sliceOf(asked.filter(filterOf<SubnetOfNetwork>(given.Filter, looks(account), () => ({}))), {
    ...given,
    keyOf: subnet => subnet.id,
  })
  return { subnetSet: items.map(subnet => renderSubnet(subnet, account, request.region)), nextToken }
})
