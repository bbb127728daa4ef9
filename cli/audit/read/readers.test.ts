import { describe, expect, test } from 'vitest'
import { leases, servers } from './dhcp.ts'
import { domainOf } from './domains.ts'
import { gatewaysOf } from './gateways.ts'
import { bridges, type Link, taps } from './links.ts'
import { qemus } from './machines.ts'
import { type Ruleset, rulesOf } from './rules.ts'
import { tunnelsOf } from './tunnels.ts'

const place = { instance: 'one', tag: 'ab1' }
const link = (ifname: string, more: Partial<Link> = {}): Link => ({ ifname, mtu: 1450, flags: ['UP'], addr_info: [], ...more })

const calm = { paused: false, saved: false }

describe('a domain', () => {
  const xml = (mark: string, id = " id='3'") => `<domain type='kvm'${id}>
  <name>sirocco-ab1-vm_a</name>
  <title>a &lt;machine instance="one" id="vm_x"&gt;</title>
  <metadata><sirocco:machine xmlns:sirocco="https://sirocco.dev/xmlns/1" ${mark}/></metadata>
  <memory unit='KiB'>131072</memory><currentMemory unit='KiB'>1</currentMemory>
  <vcpu placement='static'>2</vcpu>
  <devices>
    <disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='/d/volumes/vol_a/3.qcow2' index='2'/><target dev='vda' bus='virtio'/></disk>
    <disk type='file' device='disk'><source file='/d/seed.iso'/><target dev='vdb'/></disk>
    <interface type='bridge'><mac address='02:00:00:00:00:01'/><source bridge='sbab1x'/><target dev='stab1y'/></interface>
  </devices></domain>`

  test('is read from what virsh prints', () => {
    expect(domainOf(xml('instance="one" id="vm_a"'), 'one', calm)).toEqual({
      machine: 'vm_a',
      name: 'sirocco-ab1-vm_a',
      power: 'running',
      vcpus: 2,
      memoryMiB: 128,
      disks: 'vda=vol_a',
      nics: [{ mac: '02:00:00:00:00:01', tap: 'stab1y' }],
    })
  })
  test('is off without a number, and paused where virsh says so', () => {
    expect(domainOf(xml('instance="one" id="vm_a"', ''), 'one', calm)?.power).toBe('stopped')
    expect(domainOf(xml('instance="one" id="vm_a"', ''), 'one', { ...calm, saved: true })?.power).toBe('suspended')
    expect(domainOf(xml('instance="one" id="vm_a"'), 'one', { ...calm, paused: true })?.power).toBe('paused')
  })
  test('of another instance, or with no mark but a name like ours, is not ours', () => {
    expect(domainOf(xml('instance="two" id="vm_a"'), 'one', calm)).toBeNull()
    expect(domainOf(xml('').replace('sirocco:machine', 'machine'), 'one', calm)).toBeNull()
  })
})

test('a QEMU is found by the domain it was started for, each process by itself', () => {
  const qemu = (pid: number, name: string) => ({ pid, words: ['/usr/bin/qemu-system-x86_64', '-name', name, '-S'] })
  const found = qemus(
    [qemu(1, 'guest=sirocco-ab1-vm_a,debug-threads=on'), qemu(2, 'guest=sirocco-ab1-vm_a'), qemu(3, 'guest=sirocco-zz9-vm_b')],
    'ab1',
  )
  expect(found.map(({ id, where }) => [id, where])).toEqual([
    ['vm_a', 'process 1'],
    ['vm_a', 'process 2'],
  ])
})

describe('links', () => {
  const bridge = link('sbab1x', {
    ifalias: 'sirocco:one:sub_1',
    addr_info: [{ family: 'inet', local: '10.64.0.1', prefixlen: 20 }],
  })
  test('are bridges by their alias; one of our name without it was left behind', () => {
    const found = bridges(place, [bridge, link('sbab1z'), link('sbzz9x', { ifalias: 'sirocco:two:sub_2' }), link('eth0')])
    expect(found.map(({ kind, id, facts }) => [kind, id, facts])).toEqual([
      ['bridge', 'sub_1', { address: '10.64.0.1/20', mtu: 1450, up: true }],
      ['link', 'sbab1z', {}],
    ])
  })
  test('are taps by the guest behind them, with the network they are plugged into', () => {
    const domain = { machine: 'vm_a', name: 'n', power: 'running', vcpus: 1, memoryMiB: 1, disks: '' } as const
    const masters = new Map([['stab1y', 'sbab1x']])
    const found = taps(place, [bridge, link('stab1y'), link('stab1q'), link('stzz9y')], masters, [
      { ...domain, nics: [{ mac: '02:00:00:00:00:01', tap: 'stab1y' }] },
    ])
    expect(found.map(({ kind, id, facts }) => [kind, id, facts])).toEqual([
      ['tap', '02:00:00:00:00:01', { network: 'sub_1', up: true }],
      ['link', 'stab1q', {}],
    ])
  })
})

describe('rules', () => {
  const table = 'sirocco_ab1'
  const masquerade = (addr: string) => ({
    rule: {
      table,
      chain: 'outside',
      expr: [
        { match: { op: '==', left: { payload: { protocol: 'ip', field: 'saddr' } }, right: { prefix: { addr, len: 20 } } } },
        { masquerade: null },
      ],
    },
  })
  const hooks = (family: string, ...names: string[]) => names.map(hook => ({ chain: { family, table, name: hook, hook } }))
  const set = (...elem: string[]) => ({ set: { table, name: 'bridges', elem } })
  const read = (...nftables: Ruleset['nftables']) =>
    rulesOf(
      table,
      { nftables: [{ table: { family: 'inet', name: table } }, ...nftables] },
      new Map([['sbab1x', { network: 'sub_1', ranges: ['10.64.0.0/20'] }]]),
    ).map(({ id, facts }) => [id, facts])

  test('of a network are whole with its bridge, its hooks and its masquerade', () => {
    const shared = hooks('inet', 'forward', 'input', 'postrouting')
    const all = [...shared, ...hooks('bridge', 'prerouting', 'forward', 'input', 'output')]
    expect(read(set('sbab1x'), ...all, masquerade('10.64.0.0'))).toEqual([
      ['sub_1', { masquerades: '10.64.0.0/20', filters: true }],
    ])
    expect(read(set('sbab1x'), ...all, masquerade('10.65.0.0'))).toEqual([['sub_1', { masquerades: '', filters: true }]])
    for (const some of [hooks('inet', 'input'), shared])
      expect(read(set('sbab1x'), ...some, masquerade('10.64.0.0'))).toEqual([
        ['sub_1', { masquerades: '10.64.0.0/20', filters: false }],
      ])
  })
  test('for a bridge that is gone, or for none, were left behind', () => {
    expect(read(set('sbab1gone')).map(([id]) => id)).toEqual(['sbab1gone'])
    expect(read(set())).toEqual([[table, {}]])
    expect(rulesOf(table, { nftables: [] }, new Map())).toEqual([])
  })
})

describe('DHCP', () => {
  test('is served by processes that were started with our files', () => {
    const run = (pid: number, conf: string) => ({ pid, words: ['dnsmasq', `--conf-file=${conf}`] })
    const found = servers(
      [run(1, '/r/networks/sbab1x/dnsmasq.conf'), run(2, '/r/networks/sbab1x/dnsmasq.conf'), run(3, '/q/dnsmasq.conf')],
      '/r/networks',
    )
    expect(found).toEqual([
      { pid: 1, dir: '/r/networks/sbab1x' },
      { pid: 2, dir: '/r/networks/sbab1x' },
    ])
  })
  test('promises addresses, and has given out some', () => {
    const hosts = '02:00:00:00:00:01,10.64.0.4,web,infinite\n'
    const given = '0 02:00:00:00:00:02 10.64.0.5 old *\nduid 00:01\n'
    expect(leases('sub_1', '/d', hosts, given).map(({ kind, id, facts }) => [kind, id, facts.address])).toEqual([
      ['lease', '02:00:00:00:00:01', '10.64.0.4'],
      ['given', '02:00:00:00:00:02', '10.64.0.5'],
    ])
  })
})

describe('tunnels', () => {
  const place = { instance: 'ins_1', tag: 'abc' }
  const tunnel = {
    ifname: 'sxabc0123456789',
    ifalias: 'sirocco-overlay:ins_1:sub_1',
    master: 'sbabc0123456789',
    flags: ['UP'],
    linkinfo: { info_data: { id: 70_001 } },
  }
  const mac = '02:00:00:00:00:02'
  const through = { mac, ifname: tunnel.ifname, dst: '192.0.2.2', state: 'permanent' }
  const bridged = { mac, ifname: tunnel.ifname, master: tunnel.master, state: 'static' }
  const own = { mac: 'd6:dd:10:e0:79:7d', ifname: tunnel.ifname, master: tunnel.master, state: 'permanent' }
  const known = { dst: '10.64.3.2', dev: tunnel.master, lladdr: mac }

  test('are the network that they say, with every port of other hosts that any of three tables knows', () => {
    const facts = { network: 'sub_1', via: '192.0.2.2', address: '10.64.3.2' }
    expect(tunnelsOf(place, [tunnel], [through, bridged, own], [known])).toMatchObject([
      { kind: 'tunnel', id: 'sub_1', facts: { vni: 70_001 } },
      { kind: 'neighbour', id: mac, facts },
    ])
    expect(tunnelsOf(place, [tunnel], [through], [known])).toMatchObject([{}, { facts: { ...facts, via: 'nowhere' } }])
    expect(tunnelsOf(place, [tunnel], [through, bridged], [])).toMatchObject([{}, { facts: { ...facts, address: 'none' } }])
  })
  test('out of any bridge, or of nobody, are links that leaked; another instance’s are not looked at', () => {
    const { master: _, ...loose } = tunnel
    for (const one of [loose, { ...tunnel, ifalias: '' }, { ...tunnel, flags: [] }])
      expect(tunnelsOf(place, [one], [], [])).toMatchObject([{ kind: 'link', id: tunnel.ifname }])
    expect(tunnelsOf({ instance: 'ins_2', tag: 'xyz' }, [tunnel], [through], [known])).toEqual([])
  })
})

describe('gateways', () => {
  const leg = link('svab1x', { ifalias: 'sirocco-leg:one:sub_1', flags: ['UP'] })
  const up = { family: 'inet', local: '169.254.3.4', prefixlen: 31 }
  const uplink = link('seab1x', { ifalias: 'sirocco-uplink:one:sub_1', flags: ['UP'], addr_info: [up] })
  const space = { name: 'snab1x', address: '10.0.0.1/24', hop: '169.254.3.4', filters: true }
  const facts = { address: '10.0.0.1/24', filters: true, outward: true }

  test('are a namespace with a link each way', () => {
    expect(gatewaysOf(place, [leg, uplink, link('eth0')], [space])).toMatchObject([{ kind: 'gateway', id: 'sub_1', facts }])
    expect(gatewaysOf(place, [leg, uplink], [{ ...space, hop: '' }])).toMatchObject([{ facts: { ...facts, outward: false } }])
    expect(gatewaysOf(place, [leg, { ...uplink, flags: [] }], [space])).toMatchObject([{ facts: { ...facts, outward: false } }])
  })
  test('of which a part is missing are links and namespaces that leaked; another instance’s are not looked at', () => {
    const leaked = (all: readonly Link[], spaces: readonly (typeof space)[]) =>
      gatewaysOf(place, all, spaces).map(({ kind, id }) => `${kind} ${id}`)
    expect(leaked([leg, uplink], [])).toEqual(['link svab1x', 'link seab1x'])
    expect(leaked([leg], [space])).toEqual(['link svab1x', 'link snab1x'])
    expect(leaked([], [space])).toEqual(['link snab1x'])
    expect(gatewaysOf({ instance: 'two', tag: 'zz9' }, [leg, uplink], [])).toEqual([])
  })
})
