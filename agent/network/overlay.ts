import { isIPv6 } from 'node:net'
import type { NetworkOnHost } from '../ports/network.ts'
import { bridgeName, overlayAlias, overlayName, overlayPrefix, tapName } from './names.ts'
import type { HostNetwork, Link, Owner } from './plan.ts'

/** UDP port of VXLAN (RFC 7348). */
export const tunnelPort = 4789

/** What a frame of VXLAN costs of the underlay's MTU: Ethernet, IP, UDP and its own header. */
const overhead = { 4: 50, 6: 70 } as const

/** What of the host's forwarding decides. */
export interface Forwarding {
  readonly tunnelled: readonly { readonly mac: string; readonly link: string; readonly to: string }[]
  readonly bridged: readonly { readonly mac: string; readonly link: string }[]
  readonly known: readonly { readonly address: string; readonly link: string; readonly mac: string }[]
}
export const noForwarding: Forwarding = { tunnelled: [], bridged: [], known: [] }

export interface TunnelPlan {
  readonly conflicts: readonly { readonly network: string; readonly why: string }[]
  /** Tunnels that nothing wants any more, or that must be made anew. */
  readonly removed: readonly string[]
  /** Lines for `ip -batch`, once the bridges are there. */
  readonly commands: readonly string[]
  /** Every tunnel that is to be. */
  readonly tunnels: readonly string[]
}

/**
 * A network as this host can carry it: of its own alone where the host declares no underlay, else no frame larger than the underlay takes whole
 * with VXLAN around it.
 */
export function fitted(one: NetworkOnHost, underlay: string | null, links: readonly Link[]): NetworkOnHost {
  const { vni, ...network } = one.network
  if (vni === undefined || underlay === null) return { ...one, network, neighbours: [] }
  const six = isIPv6(underlay)
  const carrier = links.find(link =>
    six ? link.addresses6?.includes(underlay) : link.addresses.some(address => address.split('/')[0] === underlay),
  )
  const room = (carrier?.mtu ?? Number.POSITIVE_INFINITY) - overhead[six ? 6 : 4]
  const neighbours = (one.neighbours ?? []).filter(({ via }) => via !== underlay && isIPv6(via) === six)
  return { ...one, network: { ...network, vni, mtu: Math.min(network.mtu, room) }, neighbours }
}

const quiet = 'type bridge_slave learning off flood off mcast_flood off bcast_flood off neigh_suppress on'

const isOurs = (owner: Owner, link: Link): boolean => link.kind === 'vxlan' && link.name.startsWith(overlayPrefix(owner.tag))

/** Tunnels wanted × listed → what to do. Pure; none where all is as wanted. `wanted` are fitted. */
export function planTunnels(
  owner: Owner,
  underlay: string | null,
  host: HostNetwork,
  wanted: readonly NetworkOnHost[],
): TunnelPlan {
  const conflicts: { network: string; why: string }[] = []
  const removed = new Set(host.links.filter(link => isOurs(owner, link)).map(({ name }) => name))
  const commands: string[] = []
  const tunnels: string[] = []
  for (const { network } of wanted) {
    if (network.vni === undefined || underlay === null) continue
    const { vni } = network
    const [name, bridge] = [overlayName(owner.tag, network.id), bridgeName(owner.tag, network.id)]
    const alias = overlayAlias(owner.instance, network.id)
    const taken = host.links.find(
      link => !isOurs(owner, link) && (link.name === name || (link.tunnel?.vni === vni && link.tunnel.port === tunnelPort)),
    )
    if (taken) {
      conflicts.push({ network: network.id, why: `VXLAN ${vni} is that of the link ${taken.name}, which is somebody else's` })
      continue
    }
    tunnels.push(name)
    const found = host.links.find(link => link.name === name)
    const { tunnel } = found ?? {}
    const fits =
      tunnel !== undefined && tunnel.vni === vni && tunnel.local === underlay && tunnel.port === tunnelPort && !tunnel.learns
    if (found && fits) {
      removed.delete(name)
      commands.push(
        ...(found.alias === alias ? [] : [`link set ${name} alias ${alias}`]),
        ...(found.generates ? [`link set ${name} addrgenmode none`] : []),
        ...(found.mtu === network.mtu ? [] : [`link set ${name} mtu ${network.mtu}`]),
        ...(found.master === bridge ? [] : [`link set ${name} master ${bridge}`]),
        ...(found.quiet && found.master === bridge ? [] : [`link set ${name} ${quiet}`]),
        ...(found.up ? [] : [`link set ${name} up`]),
      )
    } else
      commands.push(
        `link add ${name} mtu ${network.mtu} type vxlan id ${vni} local ${underlay} dstport ${tunnelPort} nolearning ttl 64`,
        `link set ${name} alias ${alias}`,
        `link set ${name} addrgenmode none`,
        `link set ${name} master ${bridge}`,
        `link set ${name} ${quiet}`,
        `link set ${name} up`,
      )
  }
  return { conflicts, removed: [...removed], commands, tunnels }
}

export interface EntryPlan {
  /** Lines for `bridge -force -batch`. */
  readonly forwarding: readonly string[]
  /** Lines for `ip -force -batch`. */
  readonly known: readonly string[]
}

/**
 * Where each port of another host is: frames for it go through the tunnel to its host, and ARP for it is answered here. What is not known so
 * goes nowhere, since a tunnel floods nothing. Entries wanted × listed, once the tunnels stand.
 */
export function planEntries(owner: Owner, table: Forwarding, wanted: readonly NetworkOnHost[]): EntryPlan {
  const forwarding: string[] = []
  const known: string[] = []
  const bridges = new Set<string>()
  for (const { network, ports, neighbours = [] } of wanted) {
    const [tunnel, bridge] = [overlayName(owner.tag, network.id), bridgeName(owner.tag, network.id)]
    bridges.add(bridge)
    // One that is arriving here is elsewhere until its first frame: that moves the bridge's entry to its tap.
    const arrived = new Set(
      ports
        .filter(({ id, mac }) => table.bridged.some(one => one.mac === mac && one.link === tapName(owner.tag, id)))
        .map(({ id }) => id),
    )
    const away = network.vni === undefined ? [] : neighbours.filter(({ id }) => !arrived.has(id))
    const vias = new Map(away.map(({ mac, via }) => [mac, via]))
    const macs = new Map(away.map(({ address, mac }) => [address, mac]))
    const tunnelled = new Map(table.tunnelled.filter(({ link }) => link === tunnel).map(({ mac, to }) => [mac, to]))
    const bridged = new Set(table.bridged.filter(({ link }) => link === tunnel).map(({ mac }) => mac))
    const told = new Map(table.known.filter(({ link }) => link === bridge).map(({ address, mac }) => [address, mac]))
    for (const [mac, to] of tunnelled) if (vias.get(mac) !== to) forwarding.push(`fdb del ${mac} dev ${tunnel} dst ${to} self`)
    for (const mac of bridged) if (!vias.has(mac)) forwarding.push(`fdb del ${mac} dev ${tunnel} master`)
    for (const [mac, via] of vias) {
      if (tunnelled.get(mac) !== via) forwarding.push(`fdb replace ${mac} dev ${tunnel} dst ${via} self permanent`)
      if (!bridged.has(mac)) forwarding.push(`fdb replace ${mac} dev ${tunnel} master static`)
    }
    for (const [address] of told) if (!macs.has(address)) known.push(`neigh del ${address} dev ${bridge}`)
    for (const [address, mac] of macs)
      if (told.get(address) !== mac) known.push(`neigh replace ${address} lladdr ${mac} dev ${bridge} nud permanent`)
  }
  return { forwarding, known }
}
