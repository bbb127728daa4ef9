import type { Neighbour, WantedNetwork } from '@sirocco/shared/wire/objects.ts'
import { describe, expect, test } from 'vitest'
import type { NetworkOnHost } from '../ports/network.ts'
import { bridgeName, overlayAlias, overlayName, tapName } from './names.ts'
import { type Forwarding, fitted, noForwarding, planEntries, planTunnels } from './overlay.ts'
import type { HostNetwork, Link } from './plan.ts'

const owner = { instance: 'ins_1', tag: 'abc' }
const here = '192.0.2.1'
const [bridge, tunnel] = [bridgeName('abc', 'sub_1'), overlayName('abc', 'sub_1')]

const network: WantedNetwork = {
  kind: 'network',
  id: 'sub_1',
  generation: 1,
  cidr: '10.64.3.0/24',
  gateway: '10.64.3.1',
  mtu: 1450,
  domain: 'a.internal',
  vni: 70_001,
  gone: false,
}
const neighbour = (n: number, change: Partial<Neighbour> = {}): Neighbour => ({
  id: `prt_${n}`,
  network: 'sub_1',
  mac: `02:00:00:00:00:0${n}`,
  address: `10.64.3.${n}`,
  hostname: `m${n}`,
  via: '192.0.2.2',
  ...change,
})
const one = (change: Partial<NetworkOnHost> = {}): NetworkOnHost => ({ network, ports: [], neighbours: [], ...change })

const link = (name: string, change: Partial<Link> = {}): Link => ({
  name,
  kind: '',
  mac: '',
  mtu: 1500,
  up: true,
  generates: false,
  addresses: [],
  ...change,
})
const under = link('eth0', { addresses: [`${here}/24`] })
const standing = link(tunnel, {
  kind: 'vxlan',
  alias: overlayAlias('ins_1', 'sub_1'),
  mtu: 1450,
  master: bridge,
  quiet: true,
  tunnel: { vni: 70_001, local: here, port: 4789, learns: false },
})
const host = (...links: Link[]): HostNetwork => ({ links: [under, ...links], routes: [] })

describe('a network as a host can carry it', () => {
  test('takes no larger frame than the underlay has room for with the tunnel’s own headers', () => {
    expect(fitted(one(), here, [under]).network.mtu).toBe(1450)
    expect(fitted(one(), here, [{ ...under, mtu: 1400 }]).network.mtu).toBe(1350)
    expect(fitted(one(), 'fd00::1', [{ ...under, addresses6: ['fd00::1'] }]).network.mtu).toBe(1430)
    expect(fitted(one(), here, [{ ...under, mtu: 9000 }]).network.mtu).toBe(1450)
  })
  test('is its own alone where the host has no underlay', () => {
    const alone = fitted(one({ neighbours: [neighbour(2)] }), null, [under])
    expect(alone.neighbours).toEqual([])
    expect(alone.network.vni).toBeUndefined()
    expect(planTunnels(owner, null, host(), [alone])).toMatchObject({ commands: [], tunnels: [] })
  })
  test('has no tunnel to the host itself, nor to an address of the other version of IP', () => {
    const [a, b, c] = [neighbour(2), neighbour(3, { via: here }), neighbour(4, { via: 'fd00::2' })]
    expect(fitted(one({ neighbours: [a, b, c] }), here, [under]).neighbours).toEqual([a])
  })
})

describe('a tunnel', () => {
  test('learns nothing, floods nothing, and answers ARP by what is known', () => {
    expect(planTunnels(owner, here, host(), [one()])).toMatchObject({
      removed: [],
      commands: [
        `link add ${tunnel} mtu 1450 type vxlan id 70001 local 192.0.2.1 dstport 4789 nolearning ttl 64`,
        `link set ${tunnel} alias sirocco-overlay:ins_1:sub_1`,
        `link set ${tunnel} addrgenmode none`,
        `link set ${tunnel} master ${bridge}`,
        `link set ${tunnel} type bridge_slave learning off flood off mcast_flood off bcast_flood off neigh_suppress on`,
        `link set ${tunnel} up`,
      ],
    })
  })
  test('that stands as wanted is left alone', () => {
    expect(planTunnels(owner, here, host(standing), [one()])).toMatchObject({ removed: [], commands: [], tunnels: [tunnel] })
  })
  test('is mended where it was taken out of its bridge, floods, or is down', () => {
    const { master: _, ...loose } = standing
    expect(planTunnels(owner, here, host({ ...loose, quiet: false, up: false }), [one()]).commands).toEqual([
      `link set ${tunnel} master ${bridge}`,
      `link set ${tunnel} type bridge_slave learning off flood off mcast_flood off bcast_flood off neigh_suppress on`,
      `link set ${tunnel} up`,
    ])
  })
  test('is made anew where its number, or the host’s own address, is another', () => {
    for (const change of [{ vni: 70_002 }, { local: '192.0.2.9' }, { learns: true }]) {
      const other = { ...standing, tunnel: { vni: 70_001, local: here, port: 4789, learns: false, ...change } }
      const plan = planTunnels(owner, here, host(other), [one()])
      expect(plan.removed).toEqual([tunnel])
      expect(plan.commands[0]).toContain(`link add ${tunnel}`)
    }
  })
  test('that nothing wants goes; another instance’s is not touched', () => {
    const theirs = { ...standing, name: overlayName('xyz', 'sub_1') }
    expect(planTunnels(owner, here, host(standing, theirs), [])).toMatchObject({ removed: [tunnel], commands: [] })
  })
  test('whose number somebody else’s link has cannot be made', () => {
    const theirs = { ...standing, name: 'vxlan7' }
    expect(planTunnels(owner, here, host(theirs), [one()])).toMatchObject({
      conflicts: [{ network: 'sub_1', why: expect.stringContaining('vxlan7') }],
      commands: [],
    })
  })
})

describe('entries', () => {
  const known: Forwarding = {
    tunnelled: [{ mac: '02:00:00:00:00:02', link: tunnel, to: '192.0.2.2' }],
    bridged: [{ mac: '02:00:00:00:00:02', link: tunnel }],
    known: [{ address: '10.64.3.2', link: bridge, mac: '02:00:00:00:00:02' }],
  }
  test('say of each port of another host where it is', () => {
    expect(planEntries(owner, noForwarding, [one({ neighbours: [neighbour(2)] })])).toEqual({
      forwarding: [
        `fdb replace 02:00:00:00:00:02 dev ${tunnel} dst 192.0.2.2 self permanent`,
        `fdb replace 02:00:00:00:00:02 dev ${tunnel} master static`,
      ],
      known: [`neigh replace 10.64.3.2 lladdr 02:00:00:00:00:02 dev ${bridge} nud permanent`],
    })
  })
  test('that are as wanted are left alone, those of other links too', () => {
    const beside = {
      tunnelled: [...known.tunnelled, { mac: '02:00:00:00:00:09', link: 'vxlan7', to: '192.0.2.7' }],
      bridged: [...known.bridged, { mac: '02:00:00:00:00:09', link: 'br0' }],
      known: [...known.known, { address: '10.64.3.9', link: 'br0', mac: '02:00:00:00:00:09' }],
    }
    expect(planEntries(owner, beside, [one({ neighbours: [neighbour(2)] })])).toEqual({ forwarding: [], known: [] })
  })
  test('follow a port to another host with one change', () => {
    expect(planEntries(owner, known, [one({ neighbours: [neighbour(2, { via: '192.0.2.3' })] })])).toEqual({
      forwarding: [
        `fdb del 02:00:00:00:00:02 dev ${tunnel} dst 192.0.2.2 self`,
        `fdb replace 02:00:00:00:00:02 dev ${tunnel} dst 192.0.2.3 self permanent`,
      ],
      known: [],
    })
  })
  test('of a port that is no more, or that nobody ever wanted, go', () => {
    expect(planEntries(owner, known, [one()])).toEqual({
      forwarding: [
        `fdb del 02:00:00:00:00:02 dev ${tunnel} dst 192.0.2.2 self`,
        `fdb del 02:00:00:00:00:02 dev ${tunnel} master`,
      ],
      known: [`neigh del 10.64.3.2 dev ${bridge}`],
    })
  })
  test('of a machine that arrives lead to where it was until its first frame here', () => {
    const port = { id: 'prt_2', network: 'sub_1', mac: '02:00:00:00:00:02', address: '10.64.3.2', hostname: 'm2' }
    const arriving = one({ ports: [port], neighbours: [neighbour(2)] })
    expect(planEntries(owner, known, [arriving])).toEqual({ forwarding: [], known: [] })
    const here = { ...known, bridged: [{ mac: port.mac, link: tapName('abc', 'prt_2') }] }
    const { forwarding } = planEntries(owner, here, [arriving])
    expect(forwarding).toEqual([`fdb del 02:00:00:00:00:02 dev ${tunnel} dst 192.0.2.2 self`])
  })
})
