import type { WantedNetwork } from '@sirocco/shared/wire/objects.ts'
import { describe, expect, test } from 'vitest'
import type { NetworkOnHost } from '../ports/network.ts'
import { bridgeAlias, bridgeMac, bridgeName, tapName } from './names.ts'
import { type HostNetwork, type Link, planLinks } from './plan.ts'

const owner = { instance: 'ins_1', tag: 'abc' }

const network = (id: string, cidr = '10.64.3.0/24', change: Partial<WantedNetwork> = {}): NetworkOnHost => ({
  network: {
    kind: 'network',
    id,
    generation: 1,
    cidr,
    gateway: cidr.replace(/0\/\d+$/, '1'),
    mtu: 1450,
    domain: 'a.internal',
    gone: false,
    ...change,
  },
  ports: [],
})

const bridge = (id: string, change: Partial<Link> = {}): Link => ({
  name: bridgeName('abc', id),
  kind: 'bridge',
  alias: bridgeAlias('ins_1', id),
  mac: bridgeMac(id),
  mtu: 1450,
  up: true,
  generates: false,
  addresses: ['10.64.3.1/24'],
  ...change,
})

const link = (name: string, ...addresses: string[]): Link => ({
  name,
  kind: '',
  mac: '',
  mtu: 1500,
  up: true,
  generates: true,
  addresses,
})

const host = (links: Link[], routes: HostNetwork['routes'] = []): HostNetwork => ({ links, routes })
const empty = host([link('lo', '127.0.0.1/8'), link('eth0', '192.0.2.10/24')], [{ to: '192.0.2.0/24', link: 'eth0' }])

test('a bridge is made with its fixed address, its owner and no IPv6 of its own', () => {
  const name = bridgeName('abc', 'net_1')
  expect(name).toMatch(/^sbabc[0-9a-f]{10}$/)
  expect(planLinks(owner, empty, [network('net_1')]).commands).toEqual([
    `link add ${name} address ${bridgeMac('net_1')} type bridge stp_state 0 forward_delay 0 mcast_snooping 0 nf_call_iptables 1 nf_call_ip6tables 1`,
    `link set ${name} alias sirocco:ins_1:net_1`,
    `link set ${name} mtu 1450`,
    `link set ${name} addrgenmode none`,
    `address add 10.64.3.1/24 dev ${name}`,
    `link set ${name} up`,
  ])
})

test('what is as wanted needs nothing', () => {
  const there = host([...empty.links, bridge('net_1')], [{ to: '10.64.3.0/24', link: bridgeName('abc', 'net_1') }])
  expect(planLinks(owner, there, [network('net_1')])).toMatchObject({ commands: [], removed: [], conflicts: [] })
})

test('a half-made or changed bridge is completed, not made anew', () => {
  const name = bridgeName('abc', 'net_1')
  const { alias: _, ...bare } = bridge('net_1', { up: false, generates: true, addresses: ['10.0.0.9/8'], mtu: 1500, mac: 'xx' })
  expect(planLinks(owner, host([bare]), [network('net_1')]).commands).toEqual([
    `link set ${name} alias sirocco:ins_1:net_1`,
    `link set ${name} address ${bridgeMac('net_1')}`,
    `link set ${name} mtu 1450`,
    `link set ${name} addrgenmode none`,
    `address del 10.0.0.9/8 dev ${name}`,
    `address add 10.64.3.1/24 dev ${name}`,
    `link set ${name} up`,
  ])
})

test('what nothing wants is removed; what is somebody else’s is not', () => {
  const others = [
    bridge('net_x', { name: 'sbxyz0123456789', alias: 'sirocco:ins_2:net_x' }),
    bridge('net_y', { name: 'sbabc0123456789', alias: 'sirocco:ins_2:net_y' }),
    bridge('net_z', { name: 'virbr0', alias: '' }),
    { ...bridge('net_v'), kind: 'veth' },
  ]
  const plan = planLinks(owner, host([bridge('net_old'), bridge('net_gone'), ...others]), [
    network('net_gone', '10.64.9.0/24', { gone: true }),
  ])
  expect(plan.removed).toEqual([bridgeName('abc', 'net_old'), bridgeName('abc', 'net_gone')])
  expect(plan.commands).toEqual([])
})

test.each([
  ['an address', host([link('eth1', '10.64.3.200/16')]), 'eth1'],
  ['a route', host([], [{ to: '10.64.0.0/14', link: 'tun0' }]), 'tun0'],
  ['another instance’s network', host([bridge('n', { name: 'sbxyz0123456789', alias: 'sirocco:ins_2:n' })]), 'sbxyz'],
])('a range that %s has is a conflict', (_, there, named) => {
  const plan = planLinks(owner, there, [network('net_1'), network('net_2', '10.200.0.0/24')])
  expect(plan.conflicts).toEqual([{ network: 'net_1', why: expect.stringContaining(named) }])
  expect(plan.wanted.map(one => one.network.id)).toEqual(['net_2'])
})

test('default routes, halved ones too, are no conflict', () => {
  const routes = [
    { to: '0.0.0.0/1', link: 'tun0' },
    { to: '128.0.0.0/1', link: 'tun0' },
  ]
  expect(planLinks(owner, host([], routes), [network('net_1')]).conflicts).toEqual([])
})

test('a network that stands is kept when something else takes its range, or another network wants it', () => {
  const there = host([bridge('net_1'), link('tun0', '10.64.3.7/24')])
  const plan = planLinks(owner, there, [network('net_0'), network('net_1')])
  expect(plan.wanted.map(one => one.network.id)).toEqual(['net_1'])
  expect(plan.conflicts.map(one => one.network)).toEqual(['net_0'])
  expect(plan.removed).toEqual([])
})

describe('guests that run', () => {
  const name = bridgeName('abc', 'net_1')
  const port = { id: 'prt_1', network: 'net_1', mac: '', address: '10.64.3.9', hostname: 'web' }
  const one: NetworkOnHost = { ...network('net_1'), ports: [port] }
  const tap = (change: Partial<Link> = {}): Link => ({ ...link(tapName('abc', 'prt_1')), kind: 'tun', ...change })

  test('are plugged in where they are in no bridge, or in another; to a bridge made anew too', () => {
    expect(tap().name).toMatch(/^stabc[0-9a-f]{10}$/)
    for (const links of [[tap()], [bridge('net_1'), tap({ master: 'virbr0' })]])
      expect(planLinks(owner, host(links), [one]).plugs).toEqual([`link set ${tap().name} master ${name}`])
  })

  test('are left alone where they are plugged in, or just being made', () => {
    for (const change of [{ master: name }, { up: false }])
      expect(planLinks(owner, host([bridge('net_1'), tap(change)]), [one]).plugs).toEqual([])
  })

  test('are not plugged into a network that cannot be made, nor is what belongs to nobody here', () => {
    expect(planLinks(owner, host([link('eth1', '10.64.3.200/16'), tap()]), [one]).plugs).toEqual([])
    expect(planLinks(owner, host([bridge('net_1'), tap({ name: 'stabc0123456789' })]), [one]).plugs).toEqual([])
  })
})

test('a bridge of our name that another instance made is left alone', () => {
  const there = host([bridge('net_1', { alias: 'sirocco:ins_2:net_1' })])
  expect(planLinks(owner, there, [network('net_1')])).toMatchObject({
    commands: [],
    removed: [],
    conflicts: [{ network: 'net_1' }],
  })
})
