import { overlap, overlaps, prefixOf, rangeOf } from '@sirocco/shared/kit/ipv4.ts'
import type { WantedNetwork } from '@sirocco/shared/wire/objects.ts'
import type { NetworkOnHost } from '../ports/network.ts'
import { bridgeAlias, bridgeMac, bridgeName, bridgePrefix, networkOfAlias, tapName } from './names.ts'

/** A link of the host, as `ip -j -d address` shows it. */
export interface Link {
  readonly name: string
  readonly kind: string
  readonly alias?: string
  readonly mac: string
  readonly mtu: number
  readonly up: boolean
  /** The bridge it is in. */
  readonly master?: string
  /** Whether IPv6 makes it an address by itself. */
  readonly generates: boolean
  /** Of a bridge: are frames within it shown to the packet filter of IPv4 and IPv6? */
  readonly filtered?: boolean
  /** IPv4, with prefix. */
  readonly addresses: readonly string[]
  /** IPv6, without. */
  readonly addresses6?: readonly string[]
  /** Of a VXLAN device: what it is made with, none of which changes later. */
  readonly tunnel?: { readonly vni: number; readonly local: string; readonly port: number; readonly learns: boolean }
  /** Of a bridge's port: does it learn nothing, answer ARP by what is known, and get no frame that is for all? */
  readonly quiet?: boolean
}

/** What of the host's network decides. */
export interface HostNetwork {
  readonly links: readonly Link[]
  /** IPv4 routes of all tables but the local one. */
  readonly routes: readonly { readonly to: string; readonly link: string }[]
}

export interface Owner {
  readonly instance: string
  readonly tag: string
}

/** Why a network cannot be made here: something else on the host has its range, or a bridge of its name is not ours. */
interface Conflict {
  readonly network: string
  readonly why: string
}

export interface LinkPlan {
  /** Networks that can be made. */
  readonly wanted: readonly NetworkOnHost[]
  readonly conflicts: readonly Conflict[]
  /** Lines for `ip -batch`, in order, once `removed` are gone. */
  readonly commands: readonly string[]
  /** Likewise, once the bridges are as wanted: guests that run and are not, or no longer, plugged in. */
  readonly plugs: readonly string[]
  /** Bridges that nothing wants any more. */
  readonly removed: readonly string[]
}

/** Wider routes are a default route in two halves, as VPNs set. */
const widestRoute = 8

/** By name and alias; one of our name without any alias was left half-made. */
const isOurs = (owner: Owner, link: Link): boolean =>
  link.kind === 'bridge' &&
  link.name.startsWith(bridgePrefix(owner.tag)) &&
  (link.alias === undefined || networkOfAlias(owner.instance, link.alias) !== null)

/** A network that stands already is not given up for what came after it. */
function conflictOf(owner: Owner, host: HostNetwork, { network }: NetworkOnHost): string | null {
  const name = bridgeName(owner.tag, network.id)
  const standing = host.links.find(link => link.name === name)
  if (standing) return isOurs(owner, standing) ? null : `the link ${name} is somebody else's`
  if (network.apart) return null
  const range = rangeOf(network.cidr)
  const ours = new Set(host.links.filter(link => isOurs(owner, link)).map(link => link.name))
  for (const link of host.links.filter(found => !ours.has(found.name)))
    for (const address of link.addresses)
      if (overlap(range, rangeOf(address))) return `${network.cidr} overlaps ${address} on ${link.name}`
  const route = host.routes.find(({ to, link }) => !ours.has(link) && prefixOf(to) >= widestRoute && overlap(range, rangeOf(to)))
  return route ? `${network.cidr} overlaps the route to ${route.to} through ${route.link}` : null
}

/** Frames within the bridge pass the filter's connection tracking too, whatever the host says of its other bridges. */
const shown = 'nf_call_iptables 1 nf_call_ip6tables 1'

/** Of its bridge: the gateway's, but where that is apart. */
const addressesOf = ({ apart, gateway, cidr }: WantedNetwork): string[] => (apart ? [] : [`${gateway}/${prefixOf(cidr)}`])

function create(owner: Owner, { network }: NetworkOnHost): string[] {
  const name = bridgeName(owner.tag, network.id)
  return [
    `link add ${name} address ${bridgeMac(network.id)} type bridge stp_state 0 forward_delay 0 mcast_snooping 0 ${shown}`,
    `link set ${name} alias ${bridgeAlias(owner.instance, network.id)}`,
    // Not at its making, which the kernel does not count as set: the last tap to leave would take it along.
    `link set ${name} mtu ${network.mtu}`,
    `link set ${name} addrgenmode none`,
    ...addressesOf(network).map(address => `address add ${address} dev ${name}`),
    `link set ${name} up`,
  ]
}

/** What of a bridge that is there differs. A half-made one (killed between its lines) is completed too. */
function mend(owner: Owner, { network }: NetworkOnHost, link: Link): string[] {
  const addresses = addressesOf(network)
  const mac = bridgeMac(network.id)
  const alias = bridgeAlias(owner.instance, network.id)
  return [
    ...(link.alias === alias ? [] : [`link set ${link.name} alias ${alias}`]),
    ...(link.mac === mac ? [] : [`link set ${link.name} address ${mac}`]),
    ...(link.mtu === network.mtu ? [] : [`link set ${link.name} mtu ${network.mtu}`]),
    ...(link.filtered === false ? [`link set ${link.name} type bridge ${shown}`] : []),
    ...(link.generates ? [`link set ${link.name} addrgenmode none`] : []),
    ...link.addresses.filter(found => !addresses.includes(found)).map(found => `address del ${found} dev ${link.name}`),
    ...addresses.filter(one => !link.addresses.includes(one)).map(one => `address add ${one} dev ${link.name}`),
    ...(link.up ? [] : [`link set ${link.name} up`]),
  ]
}

/**
 * Taps that are there and not in their bridge: somebody removed that under running guests, and it was made again. One that is not up is
 * just being plugged in by the hypervisor, which fails where that was done already.
 */
const plugs = (owner: Owner, host: HostNetwork, { network, ports }: NetworkOnHost): string[] => {
  const bridge = bridgeName(owner.tag, network.id)
  const taps = new Set(ports.map(port => tapName(owner.tag, port.id)))
  return host.links
    .filter(link => taps.has(link.name) && link.up && link.master !== bridge)
    .map(link => `link set ${link.name} master ${bridge}`)
}

/** Wanted × listed → what to do. Pure; on a host that is as wanted it has no commands. */
export function planLinks(owner: Owner, host: HostNetwork, all: readonly NetworkOnHost[]): LinkPlan {
  const standing = (one: NetworkOnHost) => host.links.find(({ name }) => name === bridgeName(owner.tag, one.network.id))
  const present = all.filter(({ network }) => !network.gone)
  const wanted: NetworkOnHost[] = []
  const conflicts: Conflict[] = []
  for (const one of [...present.filter(standing), ...present.filter(other => !standing(other))]) {
    const twin = one.network.apart
      ? undefined
      : wanted.find(other => !other.network.apart && overlaps(other.network.cidr, one.network.cidr))
    const why = twin ? `${one.network.cidr} overlaps ${twin.network.cidr} of ${twin.network.id}` : conflictOf(owner, host, one)
    if (why === null) wanted.push(one)
    else conflicts.push({ network: one.network.id, why })
  }
  const kept = new Set(present.map(({ network }) => bridgeName(owner.tag, network.id)))
  const commands = wanted.flatMap(one => {
    const link = standing(one)
    return link ? mend(owner, one, link) : create(owner, one)
  })
  const removed = host.links.filter(link => isOurs(owner, link) && !kept.has(link.name)).map(({ name }) => name)
  return { wanted, conflicts, removed, commands, plugs: wanted.flatMap(one => plugs(owner, host, one)) }
}
