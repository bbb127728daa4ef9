import type { WantedGroup, WantedRule } from '@sirocco/shared/wire/objects.ts'
import { describe, expect, test } from 'vitest'
import type { NetworkOnHost } from '../ports/network.ts'
import { linkLocalHex, linkLocalOf } from './eui64.ts'
import { flowOf, isForbidden, judgedPorts, narrowed } from './flows.ts'
import { ruleName } from './names.ts'
import { portRuleset, portScript } from './port-ruleset.ts'
import { zonesOf } from './zones.ts'

const group = (id: string, rules: readonly WantedRule[] = [], members: readonly string[] = []): WantedGroup => ({
  kind: 'group',
  id,
  generation: 0,
  rules: [...rules],
  members: [...members],
})
const on = (groups: readonly WantedGroup[], of: readonly string[] | null = ['sg_1']): NetworkOnHost => ({
  network: {
    kind: 'network',
    id: 'net_1',
    generation: 1,
    cidr: '10.0.0.0/24',
    gateway: '10.0.0.1',
    mtu: 1450,
    domain: 'a',
    gone: false,
  },
  ports: [
    {
      id: 'prt_1',
      network: 'net_1',
      mac: '52:54:00:0a:00:11',
      address: '10.0.0.11',
      hostname: 'web',
      ...(of === null ? {} : { groups: [...of] }),
    },
  ],
  groups,
})
const lines = (rules: readonly WantedRule[], ...more: WantedGroup[]) => {
  const { chains } = portRuleset('abc', [on([group('sg_1', rules), ...more])])
  const from = (prefix: string) => {
    const at = chains.indexOf(`chain ${prefix}_${ruleName('group', 'sg_1')} {`) + 1
    return chains.slice(at, chains.indexOf('}', at))
  }
  return [...from('gi'), ...from('go')]
}

test('a guest’s own link-local address follows from its MAC', () => {
  expect(linkLocalOf('52:54:00:0a:00:11')).toBe('fe80::5054:ff:fe0a:11')
  expect(linkLocalHex('52:54:00:0a:00:11')).toBe('fe80000000000000505400fffe0a0011')
})

describe('rules as nft says them', () => {
  test('by range, port, type and version of IP', () => {
    expect(lines([{ direction: 'in', protocol: 'tcp', from: 22, to: 23, cidr: '192.0.2.0/24' }])).toEqual([
      'ether type ip ip saddr 192.0.2.0/24 tcp dport 22-23 accept',
    ])
    expect(lines([{ direction: 'out', protocol: 'all', cidr: '0.0.0.0/0' }])).toEqual(['ether type ip accept'])
    expect(lines([{ direction: 'in', protocol: 'icmp', from: 8, to: 0, cidr: '10.0.0.0/8' }])).toEqual([
      'ether type ip ip saddr 10.0.0.0/8 icmp type 8 icmp code 0 accept',
    ])
    expect(lines([{ direction: 'in', protocol: 'icmpv6', cidr: '::/0' }])).toEqual([
      'ether type ip6 meta l4proto ipv6-icmp accept',
    ])
    expect(lines([{ direction: 'out', protocol: '47', cidr: '2001:db8::/32' }])).toEqual([
      'ether type ip6 ip6 daddr 2001:db8::/32 meta l4proto 47 accept',
    ])
  })

  test('by group: both versions, from sets of its members', () => {
    const name = ruleName('group', 'sg_2')
    expect(lines([{ direction: 'in', protocol: 'udp', group: 'sg_2' }], group('sg_2', [], ['10.0.0.12']))).toEqual([
      `ether type ip ip saddr @m_${name}_4 meta l4proto udp accept`,
      `ether type ip6 ip6 saddr @m_${name}_6 meta l4proto udp accept`,
    ])
  })

  test('a port of no group here lets nothing through; one that no group was said of is not filtered, but cannot lie', () => {
    const chain = (name: string, chains: readonly string[]) =>
      chains[chains.indexOf(`chain ${name}_${ruleName('port', 'prt_1')} {`) + 1]
    expect(chain('i', portRuleset('abc', [on([], ['sg_gone'])]).chains)).toBe('counter drop')
    const open = portRuleset('abc', [on([], null)]).chains
    expect(chain('i', open)).toBe('accept')
    expect(chain('s', open)).toBe('ether saddr != 52:54:00:0a:00:11 drop')
  })

  test('without any port all taps are closed', () => {
    const { chains } = portRuleset('abc', [{ ...on([]), ports: [] }])
    const at = chains.indexOf('chain sent {')
    expect(chains.slice(at, chains.indexOf('}', at))).toEqual([
      'chain sent {',
      'type filter hook prerouting priority -300; policy accept;',
      'iifname != "stabc*" accept',
      'meta mark set 0',
      'drop',
    ])
  })
})

test('a member that comes or goes is an element; anything else replaces the table whole', () => {
  const of = (members: readonly string[], more: readonly WantedRule[] = []) =>
    portRuleset('abc', [on([group('sg_1', [{ direction: 'in', protocol: 'all', group: 'sg_1' }, ...more], members)])])
  const set = `m_${ruleName('group', 'sg_1')}_4`
  const [before, after] = [of(['10.0.0.11', '10.0.0.12']), of(['10.0.0.11', '10.0.0.13'])]
  expect(portScript(after, before, true).split('\n')).toEqual([
    `delete element bridge sirocco_abc ${set} { 10.0.0.12 }`,
    `add element bridge sirocco_abc ${set} { 10.0.0.13 }`,
    `delete chain bridge sirocco_abc ${before.version}`,
    `add chain bridge sirocco_abc ${after.version}`,
    '',
  ])
  expect(portScript(after, null, false)).not.toContain(after.version)
  expect(portScript(of([], [{ direction: 'in', protocol: 'tcp', cidr: '0.0.0.0/0' }]), before, true)).toMatch(
    /^table bridge sirocco_abc\ndelete table/,
  )
})

test('each network of a host has a zone of its own, the same in every life', () => {
  const many = Array.from({ length: 2_000 }, (_, i) => ({ id: `net_${i}` }))
  const zones = zonesOf('abc', many)
  expect(new Set(zones.values()).size).toBe(2_000)
  expect(Math.min(...zones.values())).toBeGreaterThan(0)
  expect(zonesOf('abc', [...many].reverse())).toEqual(zones)
})

describe('open connections', () => {
  const zone = zonesOf('abc', [{ id: 'net_1' }]).get('net_1') ?? 0
  const ports = (rules: readonly WantedRule[], members: readonly string[] = []) =>
    judgedPorts('abc', [on([group('sg_1', rules), group('sg_2', [], members)])])
  const port = (rules: readonly WantedRule[], members: readonly string[] = []) => {
    const found = ports(rules, members).get('prt_1')
    if (!found) throw new Error('there is one port')
    return found
  }
  const ssh: WantedRule = { direction: 'in', protocol: 'tcp', from: 22, to: 22, cidr: '10.0.0.0/24' }
  const line = (text: string) => {
    const flow = flowOf(text)
    if (!flow) throw new Error('it parses')
    return flow
  }
  const open = line(
    `tcp      6 431999 ESTABLISHED src=10.0.0.12 dst=10.0.0.11 sport=40000 dport=22 src=10.0.0.11 dst=10.0.0.12 sport=22 dport=40000 [ASSURED] mark=0 zone=${zone} use=1`,
  )
  const echo = line(
    'icmp     1 29 src=10.0.0.11 dst=192.0.2.1 type=8 code=0 id=7 src=192.0.2.1 dst=198.51.100.1 type=0 code=0 id=7 mark=0 use=1',
  )

  test('are told by the packet that began them', () => {
    expect(open).toEqual({ zone, protocol: 6, from: '10.0.0.12', to: '10.0.0.11', fromPort: 40_000, toPort: 22 })
    expect(echo).toEqual({ zone: 0, protocol: 1, from: '10.0.0.11', to: '192.0.2.1', type: 8, code: 0, id: 7 })
    expect(flowOf('conntrack v1.4.7 (conntrack-tools): 1 flow entries have been shown.')).toBeNull()
  })

  test('stay while a rule lets them through, and are forbidden when none does', () => {
    expect(isForbidden(open, port([ssh]))).toBe(false)
    expect(isForbidden(open, port([{ ...ssh, cidr: '10.0.0.0/29' }]))).toBe(true)
    expect(isForbidden(open, port([{ direction: 'in', protocol: 'tcp', group: 'sg_2' }], ['10.0.0.12']))).toBe(false)
    expect(isForbidden(open, port([{ direction: 'in', protocol: 'tcp', group: 'sg_2' }], ['10.0.0.13']))).toBe(true)
    expect(isForbidden(echo, port([ssh]))).toBe(true)
    expect(isForbidden(echo, port([{ direction: 'out', protocol: 'icmp', from: 8, cidr: '0.0.0.0/0' }]))).toBe(false)
  })

  test('of another network with the same addresses are not ours; nor are questions to the gateway', () => {
    expect(isForbidden({ ...open, zone: zone + 1 }, port([]))).toBe(false)
    expect(isForbidden({ zone: 0, protocol: 17, from: '10.0.0.11', to: '10.0.0.1', fromPort: 9, toPort: 53 }, port([]))).toBe(
      false,
    )
  })

  test('are looked at where a port may do less than before, or where that is not known', () => {
    const [wide, narrow] = [ports([ssh, { direction: 'in', protocol: 'tcp', group: 'sg_2' }], ['10.0.0.12']), ports([ssh])]
    expect(narrowed(narrow, wide)).toEqual([])
    expect(narrowed(wide, narrow)).toHaveLength(1)
    expect(narrowed(wide, ports([ssh, { direction: 'in', protocol: 'tcp', group: 'sg_2' }], []))).toHaveLength(1)
    expect(narrowed(null, narrow)).toHaveLength(1)
  })
})
