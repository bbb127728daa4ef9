import { inRange } from '@sirocco/shared/kit/addresses.ts'
import { protocolNumber } from '@sirocco/shared/model/security/rule.ts'
import type { WantedGroup, WantedRule } from '@sirocco/shared/wire/objects.ts'
import type { NetworkOnHost } from '../ports/network.ts'
import { zonesOf } from './zones.ts'

/** A connection as the kernel tracks it, by the packet that began it. */
export interface Flow {
  readonly zone: number
  /** Its number. */
  readonly protocol: number
  readonly from: string
  readonly to: string
  readonly fromPort?: number
  readonly toPort?: number
  readonly type?: number
  readonly code?: number
  /** Of an ICMP echo. */
  readonly id?: number
}

/** A port of this host and what decides about its connections. */
export interface JudgedPort {
  readonly id: string
  readonly address: string
  readonly zone: number
  readonly gateway: string
  /** Whether connections that the host itself routes may be its: not where its gateway is apart. */
  readonly routed: boolean
  /** null: it is not filtered. */
  readonly rules: readonly WantedRule[] | null
  readonly members: ReadonlyMap<string, readonly string[]>
}

/** Ports of these networks, by id. */
export function judgedPorts(tag: string, networks: readonly NetworkOnHost[]): ReadonlyMap<string, JudgedPort> {
  const zones = zonesOf(
    tag,
    networks.map(({ network }) => network),
  )
  return new Map(
    networks.flatMap(({ network, ports, groups = [] }) => {
      const byId = new Map(groups.map(group => [group.id, group]))
      const members = new Map(groups.map((group: WantedGroup) => [group.id, group.members]))
      return ports.map(({ id, address, groups: own }): [string, JudgedPort] => {
        const rules = own === undefined ? null : own.flatMap(group => byId.get(group)?.rules ?? [])
        const zone = zones.get(network.id) ?? 0
        return [id, { id, address, zone, gateway: network.gateway, routed: !network.apart, rules, members }]
      })
    }),
  )
}

/** Does a rule of the port let a connection of this direction through, whose other end has this address? */
export function lets({ rules, members }: JudgedPort, direction: WantedRule['direction'], other: string, flow: Flow): boolean {
  if (rules === null) return true
  return rules.some(rule => {
    if (rule.direction !== direction) return false
    const protocol = protocolNumber(rule.protocol)
    if (protocol !== null && protocol !== flow.protocol) return false
    const [value, second] = flow.type === undefined ? [flow.toPort, flow.toPort] : [flow.type, flow.code]
    if (flow.type !== undefined) {
      if (rule.from !== undefined && rule.from !== value) return false
      if (rule.to !== undefined && rule.to !== second) return false
    } else if (rule.from !== undefined && rule.to !== undefined && (value === undefined || value < rule.from || value > rule.to))
      return false
    if (rule.group !== undefined) return members.get(rule.group)?.includes(other) ?? false
    return rule.cidr !== undefined && inRange(other, rule.cidr)
  })
}

/** What every guest may ask of its own gateway. */
const isService = ({ gateway }: JudgedPort, { to, protocol, toPort, fromPort }: Flow): boolean =>
  (to === gateway && (protocol === 17 || protocol === 6) && toPort === 53) ||
  (protocol === 17 && fromPort === 68 && toPort === 67)

/** Whether what a port's rules say now forbids a connection that is open. Those of no port of ours are nobody's business here. */
export function isForbidden(flow: Flow, port: JudgedPort): boolean {
  if (flow.zone !== port.zone && !(flow.zone === 0 && port.routed)) return false
  if (flow.from === port.address && !isService(port, flow) && !lets(port, 'out', flow.to, flow)) return true
  return flow.to === port.address && !lets(port, 'in', flow.from, flow)
}

/** Everything that decides, as text, so that ports of which nothing changed are known. */
const judgement = ({ address, zone, rules, members }: JudgedPort): string[] =>
  rules === null
    ? [`${zone} ${address} all`]
    : rules.flatMap(({ group, ...rule }) =>
        group === undefined
          ? [`${zone} ${address} ${JSON.stringify(rule)}`]
          : (members.get(group) ?? []).map(member => `${zone} ${address} ${JSON.stringify(rule)} ${member}`),
      )

/** Ports that may do less than before, or of which it is not known; new ones too, whose address another may have had. */
export function narrowed(before: ReadonlyMap<string, JudgedPort> | null, now: ReadonlyMap<string, JudgedPort>): JudgedPort[] {
  return [...now.values()].filter(port => {
    if (port.rules === null) return false
    const earlier = before?.get(port.id)
    if (!earlier || earlier.rules === null) return true
    const kept = new Set(judgement(port))
    return judgement(earlier).some(line => !kept.has(line))
  })
}

/** One line of `conntrack -L`; null where it is none that is understood. */
export function flowOf(line: string): Flow | null {
  const protocol = /^\S+\s+(\d+)\s/.exec(line)?.[1]
  // The packet that began it comes first.
  const field = (name: string) => new RegExp(`\\b${name}=(\\S+)`).exec(line)?.[1]
  const [from, to] = [field('src'), field('dst')]
  if (protocol === undefined || from === undefined || to === undefined) return null
  const number = (name: string, as: string) => {
    const text = field(name)
    return text === undefined ? {} : { [as]: Number(text) }
  }
  return {
    zone: Number(field('zone') ?? 0),
    protocol: Number(protocol),
    from,
    to,
    ...number('sport', 'fromPort'),
    ...number('dport', 'toPort'),
    ...number('type', 'type'),
    ...number('code', 'code'),
    ...number('id', 'id'),
  }
}

/** The arguments of `conntrack` that end exactly this connection. */
export const ending = ({ zone, protocol, from, to, fromPort, toPort, type, code, id }: Flow): string[] => [
  '-D',
  ...(from.includes(':') ? ['-f', 'ipv6'] : []),
  ...['-w', `${zone}`, '-p', names[protocol] ?? `${protocol}`, '-s', from, '-d', to],
  ...(fromPort === undefined ? [] : ['--sport', `${fromPort}`]),
  ...(toPort === undefined ? [] : ['--dport', `${toPort}`]),
  ...(type === undefined ? [] : ['--icmp-type', `${type}`]),
  ...(code === undefined ? [] : ['--icmp-code', `${code}`]),
  ...(id === undefined ? [] : ['--icmp-id', `${id}`]),
]
const names: Readonly<Record<number, string>> = { 1: 'icmp', 6: 'tcp', 17: 'udp', 58: 'icmpv6' }
