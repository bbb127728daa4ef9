import { createHash } from 'node:crypto'
import { hasPorts, isIcmp } from '@sirocco/shared/model/security/rule.ts'
import type { WantedGroup, WantedRule } from '@sirocco/shared/wire/objects.ts'
import type { NetworkOnHost } from '../ports/network.ts'
import { linkLocalHex, linkLocalOf } from './eui64.ts'
import { marks } from './marks.ts'
import { anyLeg, anyOverlay, anyTap, ruleName, tableName, tapName } from './names.ts'

/** What the ports of this host may send and get: a table of the bridge family. */
export interface PortRuleset {
  readonly table: string
  readonly version: string
  /** All but the members of groups. */
  readonly chains: readonly string[]
  /** Members of groups, by the name of their set. */
  readonly sets: ReadonlyMap<string, readonly string[]>
}

type Port = NetworkOnHost['ports'][number] & {
  /** Where its network's gateway is, if that is apart: a port of the bridge as its own is. */
  readonly apart?: string
}

/** The multicast addresses that a bridge keeps to itself (IEEE 802.1D): STP, LLDP, pause frames. */
const ofBridges = 'ether daddr 01:80:c2:00:00:00-01:80:c2:00:00:0f drop'
/** How neighbours find each other over IPv6; whether they may is checked where a frame comes in. */
const neighbours =
  'icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, mld-listener-query, mld-listener-report, mld2-listener-report } accept'
const connections = [`meta mark ${marks.known} accept`, `meta mark ${marks.invalid} drop`]

/**
 * Anti-spoofing, always on: a port sends with its own MAC and addresses, ARP and neighbour advertisements of its own, and is no DHCP server, no
 * router, no switch, in no VLAN. What is no ARP, IPv4 or IPv6 does not pass.
 */
const sends = ({ mac, address }: Port): string[] => [
  `ether saddr != ${mac} drop`,
  ofBridges,
  `ether type arp arp saddr ether ${mac} arp saddr ip { 0.0.0.0, ${address} } accept`,
  `ether type ip ip saddr ${address} udp sport 67 drop`,
  `ether type ip ip saddr ${address} accept`,
  'ether type ip ip saddr 0.0.0.0 udp sport 68 udp dport 67 accept',
  'ether type ip6 icmpv6 type { nd-router-advert, nd-redirect } drop',
  // The target of an advertisement, for which this nft has no word.
  `ether type ip6 icmpv6 type nd-neighbor-advert @th,64,128 != 0x${linkLocalHex(mac)} drop`,
  `ether type ip6 ip6 saddr { ::, ${linkLocalOf(mac)} } udp sport 547 drop`,
  `ether type ip6 ip6 saddr { ::, ${linkLocalOf(mac)} } accept`,
  'drop',
]

/** A rule as statements of a chain: one for each version of IP that it is of. */
function statements(rule: WantedRule): string[] {
  const end = rule.direction === 'in' ? 'saddr' : 'daddr'
  const versions = [
    { ip: 'ip', isIt: rule.protocol !== 'icmpv6' && (rule.cidr === undefined || !rule.cidr.includes(':')), set: 4 },
    { ip: 'ip6', isIt: rule.protocol !== 'icmp' && (rule.cidr === undefined || rule.cidr.includes(':')), set: 6 },
  ]
  return versions
    .filter(({ isIt }) => isIt)
    .map(({ ip, set }) => {
      const other = rule.group === undefined ? rule.cidr : `@m_${ruleName('group', rule.group)}_${set}`
      const everywhere = other === undefined || other.endsWith('/0')
      return [everywhere ? `ether type ${ip}` : `ether type ${ip} ${ip} ${end} ${other}`, ...protocolPart(rule), 'accept'].join(
        ' ',
      )
    })
}

function protocolPart({ protocol, from, to }: WantedRule): string[] {
  if (protocol === 'all') return []
  if (hasPorts(protocol) && from !== undefined && to !== undefined) return [`${protocol} dport ${from}-${to}`]
  if (isIcmp(protocol) && from !== undefined)
    return [`${protocol} type ${from}`, ...(to === undefined ? [] : [`${protocol} code ${to}`])]
  return [`meta l4proto ${protocol === 'icmpv6' ? 'ipv6-icmp' : protocol}`]
}

/** What every guest may ask of a gateway that is apart, and its answer: DHCP, which is no connection, and DNS. */
function services({ apart }: Port, prefix: 'gi' | 'go', leg: string): string[] {
  if (apart === undefined) return []
  if (prefix === 'gi') return [`iifname "${leg}" udp sport 67 udp dport 68 accept`]
  return [
    `oifname "${leg}" udp sport 68 udp dport 67 accept`,
    ...['udp', 'tcp'].map(protocol => `oifname "${leg}" ip daddr ${apart} ${protocol} dport 53 accept`),
  ]
}

const chain = (name: string, lines: readonly string[]): string[] => [`chain ${name} {`, ...lines, '}']
const hook = (name: string, at: string, lines: readonly string[]): string[] =>
  chain(name, [`type filter hook ${at}; policy accept;`, ...lines])

/** Whether the end that a verdict leads to is said by name, for each of these ports. */
const byPort = (tag: string, word: 'iifname' | 'oifname', prefix: string, ports: readonly Port[]): string[] =>
  ports.length === 0
    ? []
    : [`${word} vmap { ${ports.map(({ id }) => `"${tapName(tag, id)}" : goto ${prefix}_${ruleName('port', id)}`).join(', ')} }`]

const sorted = <T extends { readonly id: string }>(all: readonly T[]): T[] => [...all].sort((a, b) => (a.id < b.id ? -1 : 1))

/** The rules of all ports of this host. A tap that is none of theirs is closed both ways, so that these rules may come before it does. */
export function portRuleset(tag: string, networks: readonly NetworkOnHost[]): PortRuleset {
  const ports = sorted(
    networks.flatMap(({ network, ports: all }): readonly Port[] =>
      network.apart ? all.map(port => ({ ...port, apart: network.gateway })) : all,
    ),
  )
  const apart = ports.filter(port => port.apart !== undefined)
  const groups = sorted([...new Map(networks.flatMap(one => one.groups ?? []).map(group => [group.id, group])).values()])
  const known = new Set(groups.map(({ id }) => id))
  const own = new Set(ports.flatMap(port => port.groups ?? []))
  const named = new Set(groups.filter(({ id }) => own.has(id)).flatMap(({ rules }) => rules.flatMap(({ group }) => group ?? [])))
  const [taps, leg] = [anyTap(tag), anyLeg(tag)]
  const gateways = [...new Set(networks.filter(({ network }) => !network.apart).map(({ network }) => network.gateway))].sort()
  const dns =
    gateways.length === 0 ? [] : ['udp', 'tcp'].map(protocol => `ip daddr { ${gateways.join(', ')} } ${protocol} dport 53 accept`)
  const judged = (port: Port, prefix: 'gi' | 'go') =>
    port.groups === undefined
      ? ['accept']
      : [
          ...services(port, prefix, leg),
          ...port.groups.filter(id => known.has(id)).map(id => `jump ${prefix}_${ruleName('group', id)}`),
          'counter drop',
        ]
  const lines = (group: WantedGroup, direction: WantedRule['direction']) =>
    group.rules
      .filter(rule => rule.direction === direction && (rule.group === undefined || named.has(rule.group)))
      .flatMap(statements)

  const chains = [
    ...groups
      .filter(({ id }) => own.has(id))
      .flatMap(group => [
        ...chain(`gi_${ruleName('group', group.id)}`, lines(group, 'in')),
        ...chain(`go_${ruleName('group', group.id)}`, lines(group, 'out')),
      ]),
    ...ports.flatMap(port => [
      ...chain(`s_${ruleName('port', port.id)}`, sends(port)),
      ...chain(`i_${ruleName('port', port.id)}`, judged(port, 'gi')),
      ...chain(`e_${ruleName('port', port.id)}`, judged(port, 'go')),
    ]),
    ...hook('sent', 'prerouting priority -300', [
      `iifname != "${taps}" accept`,
      'meta mark set 0',
      ...byPort(tag, 'iifname', 's', ports),
      'drop',
    ]),
    // A gateway serves the guests of its own host alone.
    ...(apart.length === 0
      ? []
      : hook('gateways', 'forward priority 80', [
          `iifname "${anyOverlay(tag)}" oifname "${leg}" drop`,
          `iifname "${leg}" oifname "${anyOverlay(tag)}" drop`,
        ])),
    // Twice, since between two guests of this host both have their say.
    ...hook('leaves', 'forward priority 90', [
      `iifname != "${taps}" accept`,
      'ether type arp accept',
      neighbours,
      ...connections,
      ...byPort(tag, 'iifname', 'e', ports),
      'drop',
    ]),
    ...hook('enters', 'forward priority 100', [
      `oifname != "${taps}" accept`,
      'ether type arp accept',
      neighbours,
      ...connections,
      ...byPort(tag, 'oifname', 'i', ports),
      'drop',
    ]),
    // To the host itself and through it. Its own services, which every guest needs, are judged by the inet table alone.
    ...hook('to_host', 'input priority 90', [
      // A gateway serves the guests of its own host alone.
      `iifname "${anyOverlay(tag)}" drop`,
      `iifname != "${taps}" accept`,
      // The host itself is nothing to those whose gateway is apart.
      ...(apart.length === 0 ? [] : [`iifname { ${apart.map(({ id }) => `"${tapName(tag, id)}"`).join(', ')} } drop`]),
      'ether type != { arp, ip, ip6 } drop',
      ofBridges,
      'ether type arp accept',
      'udp sport 68 udp dport 67 accept',
      ...dns,
      ...connections,
      ...byPort(tag, 'iifname', 'e', ports),
      'drop',
    ]),
    ...hook('at_host', 'input priority 100', [`iifname "${taps}" meta mark set 0`]),
    ...hook('from_host', 'output priority 100', [
      `oifname "${anyOverlay(tag)}" drop`,
      `oifname != "${taps}" accept`,
      'ether type arp accept',
      'udp sport 67 udp dport 68 accept',
      ...connections,
      ...byPort(tag, 'oifname', 'i', ports),
      'drop',
    ]),
    ...hook('got', 'postrouting priority 300', [`oifname "${taps}" meta mark set 0`]),
  ]
  const sets = new Map(
    [...named].sort().flatMap(id => {
      const members = groups.find(group => group.id === id)?.members ?? []
      const name = `m_${ruleName('group', id)}`
      return [
        [`${name}_4`, members.filter(address => !address.includes(':')).sort()] as const,
        [`${name}_6`, members.filter(address => address.includes(':')).sort()] as const,
      ]
    }),
  )
  const version = `v_${createHash('sha256')
    .update([...chains, JSON.stringify([...sets])].join('\n'))
    .digest('hex')
    .slice(0, 12)}`
  return { table: tableName(tag), version, chains, sets }
}

const elements = (addresses: readonly string[]) => `{ ${addresses.join(', ')} }`
const setLine = ([name, members]: readonly [string, readonly string[]]) =>
  `set ${name} { type ${name.endsWith('_4') ? 'ipv4_addr' : 'ipv6_addr'}; ${members.length === 0 ? '' : `elements = ${elements(members)}; `}}`

/**
 * What `nft -f -` is given, in one transaction: everything, or where only members of groups came or went since `before`, which is what is loaded,
 * these alone. The chain that says which rules are loaded comes with it unless `marked` is off.
 */
export function portScript(next: PortRuleset, before: PortRuleset | null, marked: boolean): string {
  const { table, version, chains, sets } = next
  const onlyMembers = before !== null && before.table === table && before.chains.join('\n') === chains.join('\n')
  if (onlyMembers && before.sets.size === sets.size && [...sets.keys()].every(name => before.sets.has(name))) {
    const changes = [...sets].flatMap(([name, members]) => {
      const [old, now] = [new Set(before.sets.get(name)), new Set(members)]
      const gone = [...old].filter(address => !now.has(address))
      const come = [...now].filter(address => !old.has(address))
      return [
        ...(gone.length === 0 ? [] : [`delete element bridge ${table} ${name} ${elements(gone)}`]),
        ...(come.length === 0 ? [] : [`add element bridge ${table} ${name} ${elements(come)}`]),
      ]
    })
    const marking =
      before.version === version
        ? []
        : [`delete chain bridge ${table} ${before.version}`, ...(marked ? [`add chain bridge ${table} ${version}`] : [])]
    return `${[...changes, ...marking].join('\n')}\n`
  }
  return [
    `table bridge ${table}`,
    `delete table bridge ${table}`,
    `table bridge ${table} {`,
    ...[...sets].map(setLine),
    ...chains,
    ...(marked ? [`chain ${version} { }`] : []),
    '}',
    '',
  ].join('\n')
}
