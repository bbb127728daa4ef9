import { describe, expect, test } from 'vitest'
import type { NetworkOnHost } from '../ports/network.ts'
import { gatewayRules } from './gateway-rules.ts'
import { planGateways, type Space } from './gateways.ts'
import { bridgeName, gatewayMac, legAlias, legName, spaceName, uplinkAlias, uplinkName } from './names.ts'
import { type HostNetwork, type Link, planLinks } from './plan.ts'
import { portRuleset } from './port-ruleset.ts'
import { ruleset } from './ruleset.ts'

const owner = { instance: 'one', tag: 'abc' }
const network = (id: string, more: Partial<NetworkOnHost['network']> = {}): NetworkOnHost => ({
  network: {
    kind: 'network',
    id,
    generation: 1,
    ...{ cidr: '10.0.0.0/24', gateway: '10.0.0.1', mtu: 1450, domain: 'a.internal', apart: true, gone: false },
    ...more,
  },
  ports: [{ id: `prt_${id}`, network: id, mac: '52:54:00:00:00:10', address: '10.0.0.10', hostname: 'a', groups: [] }],
})
const [a, b] = [network('sub_a'), network('sub_b')]
const nothing: HostNetwork = { links: [], routes: [] }
const link = (name: string, more: Partial<Link> = {}): Link => ({
  ...{ name, kind: 'veth', mac: '02:00:00:00:00:00', mtu: 1500, up: true, generates: false, addresses: [] },
  ...more,
})

/** A host and its namespaces as a plan leaves them. */
function made(...all: NetworkOnHost[]): { host: HostNetwork; spaces: Map<string, Space> } {
  const { uplinks } = planGateways(owner, nothing, new Map(), all)
  const spaces = new Map<string, Space>()
  const links = all.flatMap(({ network: { id, mtu, gateway } }) => {
    const ends = uplinks.get(id)
    spaces.set(spaceName('abc', id), {
      links: [
        link('lo', { kind: '' }),
        link('lan', { mac: gatewayMac(id), mtu, addresses: [`${gateway}/24`] }),
        link('out', { addresses: [`${ends?.gateway}/31`] }),
      ],
      wayOut: `${ends?.host} out`,
    })
    return [
      link(legName('abc', id), { alias: legAlias('one', id), mtu, master: bridgeName('abc', id) }),
      link(uplinkName('abc', id), { alias: uplinkAlias('one', id), addresses: [`${ends?.host}/31`] }),
    ]
  })
  return { host: { links, routes: [] }, spaces }
}

describe('gateways of networks that people make', () => {
  test('are namespaces, one each; as they are wanted nothing is to do', () => {
    const plan = planGateways(owner, nothing, new Map(), [a, b])
    expect(plan.added).toEqual([spaceName('abc', 'sub_a'), spaceName('abc', 'sub_b')])
    const { host, spaces } = made(a, b)
    const again = planGateways(owner, host, spaces, [b, a])
    expect(again).toMatchObject({ removed: { links: [], spaces: [] }, added: [], commands: [] })
    expect(again.within.size).toBe(0)
    expect(again.uplinks).toEqual(plan.uplinks)
  })

  test('of which a part is missing are made anew; the others stay', () => {
    const { host, spaces } = made(a, b)
    const less = { ...host, links: host.links.filter(({ name }) => name !== legName('abc', 'sub_a')) }
    const plan = planGateways(owner, less, spaces, [a, b])
    expect(plan.added).toEqual([spaceName('abc', 'sub_a')])
    expect(plan.removed).toEqual({ links: [uplinkName('abc', 'sub_a')], spaces: [spaceName('abc', 'sub_a')] })
    const blind = planGateways(owner, host, new Map([...spaces, [spaceName('abc', 'sub_b'), null]]), [a, b])
    expect(blind.added).toEqual([spaceName('abc', 'sub_b')])
  })

  test('that nothing wants go, with their links; those of another instance are not looked at', () => {
    const { host, spaces } = made(a)
    const theirs = [link('svzzz0123456789'), link('sezzz0123456789')]
    const plan = planGateways(owner, { ...host, links: [...host.links, ...theirs] }, spaces, [])
    expect(plan.removed).toEqual({
      links: [legName('abc', 'sub_a'), uplinkName('abc', 'sub_a')],
      spaces: [spaceName('abc', 'sub_a')],
    })
  })

  test('leave by addresses that nothing else here has, and keep them', () => {
    const wished = planGateways(owner, nothing, new Map(), [a]).uplinks.get('sub_a')
    const taken = { ...nothing, links: [link('eth9', { addresses: [`${wished?.gateway}/24`] })] }
    const elsewhere = planGateways(owner, taken, new Map(), [a]).uplinks.get('sub_a')
    expect(elsewhere).not.toEqual(wished)
    expect(elsewhere?.host).toMatch(/^169\.254\.(\d|\d\d|1[01]\d|12[0-7])\.\d+$/)
    const { host, spaces } = made(b)
    const moved = {
      ...host,
      links: host.links.map(one => (one.addresses.length ? { ...one, addresses: ['169.254.9.8/31'] } : one)),
    }
    expect(planGateways(owner, moved, spaces, [a, b]).uplinks.get('sub_b')?.host).toBe('169.254.9.8')
  })

  test('a changed range, MTU or route is mended in place', () => {
    const { host, spaces } = made(a)
    const plan = planGateways(owner, host, spaces, [network('sub_a', { gateway: '10.0.0.254', mtu: 1400 })])
    expect(plan.added).toEqual([])
    expect(plan.commands).toEqual([`link set ${legName('abc', 'sub_a')} mtu 1400`])
    expect(plan.within.get(spaceName('abc', 'sub_a'))).toEqual([
      'link set lan mtu 1400',
      'address del 10.0.0.1/24 dev lan',
      'address add 10.0.0.254/24 dev lan',
    ])
  })
})

test('equal ranges are no conflict but of networks that the host itself routes', () => {
  expect(planLinks(owner, nothing, [a, b]).conflicts).toEqual([])
  expect(planLinks(owner, { ...nothing, routes: [{ to: '10.0.0.0/16', link: 'eth0' }] }, [a]).conflicts).toEqual([])
  const { apart: _, ...routed } = b.network
  expect(planLinks(owner, nothing, [a, { ...b, network: routed }]).conflicts).toEqual([])
  const { apart: __, ...twin } = a.network
  expect(
    planLinks(owner, nothing, [
      { ...a, network: twin },
      { ...b, network: routed },
    ]).conflicts,
  ).toHaveLength(1)
  expect(planLinks(owner, nothing, [a]).commands.some(line => line.includes('address add'))).toBe(false)
})

test('what a host filters stays as it was where none of its networks is apart', () => {
  const { apart: _, ...plain } = a.network
  const text = [ruleset('abc', [plain]).text, ...portRuleset('abc', [{ ...a, network: plain }]).chains].join('\n')
  for (const word of ['uplinks', 'sv', 'se']) expect(text).not.toContain(`${word}abc`)
})

test('the rules of a gateway name nothing of its host, and change with its range alone', () => {
  const { version } = gatewayRules(a.network)
  expect(gatewayRules(b.network).version).toBe(version)
  expect(gatewayRules({ cidr: '10.0.1.0/24', gateway: '10.0.1.1' }).version).not.toBe(version)
})
