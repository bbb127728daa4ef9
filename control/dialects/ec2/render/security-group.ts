import type { SecurityGroup, SecurityRule } from '../../../domain/security/group.ts'
import type { Xml } from '../xml.ts'
import { renderTags } from './tags.ts'

/** A `GroupIdentifier`. */
export const groupIdentifier = ({ alias, name }: Pick<SecurityGroup, 'alias' | 'name'>) => ({ groupId: alias, groupName: name })

const isAny = (protocol: string) => protocol === 'all'
/** EC2 says -1 for any ICMP type or code, and no ports at all where a rule has none. */
const portsOf = ({ protocol, from, to }: SecurityRule) => {
  if (protocol === 'icmp' || protocol === 'icmpv6') return { fromPort: from ?? -1, toPort: to ?? -1 }
  if (protocol === 'tcp' || protocol === 'udp') return { fromPort: from ?? 0, toPort: to ?? 65_535 }
  return {}
}
const protocolOf = ({ protocol }: SecurityRule) => (isAny(protocol) ? '-1' : protocol)

const described = ({ description }: SecurityRule) => (description === '' ? {} : { description })

/** `IpPermission`s: rules that differ by their other end alone are one. */
function permissions(rules: readonly SecurityRule[], account: string): Xml[] {
  const alike = Map.groupBy(rules, rule => [rule.protocol, rule.from, rule.to].join(' '))
  return [...alike.values()].flatMap(same => {
    const [first] = same
    if (!first) return []
    const of = (is: (cidr: string) => boolean) => same.filter(({ cidr }) => cidr !== null && is(cidr))
    return [
      {
        ipProtocol: protocolOf(first),
        ...portsOf(first),
        groups: same
          .filter(({ peer }) => peer !== null)
          .map(rule => ({ groupId: rule.peerAlias ?? '', userId: account, ...described(rule) })),
        ipRanges: of(cidr => !cidr.includes(':')).map(rule => ({ cidrIp: rule.cidr ?? '', ...described(rule) })),
        ipv6Ranges: of(cidr => cidr.includes(':')).map(rule => ({ cidrIpv6: rule.cidr ?? '', ...described(rule) })),
        prefixListIds: [],
      },
    ]
  })
}

const rulesOf = (group: SecurityGroup, direction: SecurityRule['direction']) =>
  group.rules.filter(rule => rule.direction === direction)

export const renderSecurityGroup = (group: SecurityGroup, account: string): Xml => ({
  ...groupIdentifier(group),
  groupDescription: group.description,
  vpcId: group.networkAlias,
  ownerId: account,
  ipPermissions: permissions(rulesOf(group, 'in'), account),
  ipPermissionsEgress: permissions(rulesOf(group, 'out'), account),
  tagSet: renderTags(group.tags),
})

/** A `SecurityGroupRule`. */
export const renderRule = (group: SecurityGroup, rule: SecurityRule, account: string): Xml => ({
  securityGroupRuleId: rule.alias,
  groupId: group.alias,
  groupOwnerId: account,
  isEgress: rule.direction === 'out',
  ipProtocol: protocolOf(rule),
  fromPort: portsOf(rule).fromPort ?? -1,
  toPort: portsOf(rule).toPort ?? -1,
  ...(rule.cidr === null ? {} : rule.cidr.includes(':') ? { cidrIpv6: rule.cidr } : { cidrIpv4: rule.cidr }),
  ...(rule.peer === null
    ? {}
    : { referencedGroupInfo: { groupId: rule.peerAlias ?? '', userId: account, vpcId: group.networkAlias } }),
  ...described(rule),
  tagSet: [],
})
