import type { Network } from '../../../domain/networks/network.ts'
import { action } from '../action.ts'
import { filterOf, type Looks } from '../filters.ts'
import { networksOf } from '../networks.ts'
import { sliceOf } from '../paging.ts'
import { filters, listOrNone, paging, text } from '../parameters.ts'
import { Refusal } from '../refusal.ts'

const parameters = { VpcId: listOrNone(text), Filter: filters, ...paging }

const rangesOf = ({ alias, cidr, subnets }: Network): readonly { readonly alias: string; readonly cidr: string }[] =>
  cidr === null ? subnets : [{ alias, cidr }]

const looks = (account: string) =>
  ({
    cidr: network => rangesOf(network).map(({ cidr }) => cidr),
    'cidr-block-association.cidr-block': network => rangesOf(network).map(({ cidr }) => cidr),
    'dhcp-options-id': () => ['default'],
    'is-default': network => [String(network.isDefault)],
    isDefault: network => [String(network.isDefault)],
    'owner-id': () => [account],
    state: () => ['available'],
    'tag-key': () => [],
    'vpc-id': network => [network.alias],
  }) as const satisfies Looks<Network>

export const renderVpc = (network: Network, account: string) => ({
  vpcId: network.alias,
  ownerId: account,
  state: 'available',
  cidrBlock: network.cidr ?? network.subnets[0]?.cidr,
  cidrBlockAssociationSet: rangesOf(network).map(({ alias, cidr }) => ({
    associationId: alias.replace(/^(subnet|vpc)-/, 'vpc-cidr-assoc-'),
    cidrBlock: cidr,
    cidrBlockState: { state: 'associated' },
  })),
  dhcpOptionsId: 'default',
  instanceTenancy: 'default',
  isDefault: network.isDefault,
  tagSet: [],
})

/** DescribeVpcs: a default network has no range of its own here, so it is shown with those of its subnets. */
export const DescribeVpcs = action({ right: 'networks.list', noun: 'vpc', parameters }, async (request, given) => {
  const { account } = request.principal
  const networks = await networksOf(request)
  const missing = given.VpcId.find(id => !networks.some(network => network.alias === id))
  if (missing !== undefined) throw new Refusal('InvalidVpcID.NotFound', `The vpc ID '${missing.slice(0, 64)}' does not exist`)
  const asked = networks.filter(network => given.VpcId.length === 0 || given.VpcId.includes(network.alias))
  const { items, nextToken } = sliceOf(asked.filter(filterOf<Network>(given.Filter, looks(account), () => ({}))), {
    ...given,
    keyOf: network => network.id,
  })
  return { vpcSet: items.map(network => renderVpc(network, account)), nextToken }
})
