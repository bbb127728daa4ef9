import { addressOf, prefixOf, rangeOf } from '@sirocco/shared/kit/ipv4.ts'
import type { NetworkOnHost } from '../ports/network.ts'
import {
  bridgeName,
  gatewayMac,
  inside,
  legAlias,
  legName,
  legPrefix,
  spaceName,
  uplinkAlias,
  uplinkName,
  uplinkPrefix,
  uplinkWish,
} from './names.ts'
import type { HostNetwork, Link, Owner } from './plan.ts'

/** A namespace as it is. */
export interface Space {
  readonly links: readonly Link[]
  /** Where what is for elsewhere goes: the next hop and the link. */
  readonly wayOut: string | null
}

/** The two ends of a gateway's way out. */
export interface Uplink {
  readonly host: string
  readonly gateway: string
}

export interface GatewayPlan {
  /** Links of the host, then namespaces, that are to go first; whoever runs in these ends before. */
  readonly removed: { readonly links: readonly string[]; readonly spaces: readonly string[] }
  /** Namespaces that are to be. */
  readonly added: readonly string[]
  /** Lines for `ip -batch` on the host, once the bridges and the namespaces are there. */
  readonly commands: readonly string[]
  /** Likewise within a namespace, by its name, once its rules are loaded. */
  readonly within: ReadonlyMap<string, readonly string[]>
  /** By network. */
  readonly uplinks: ReadonlyMap<string, Uplink>
}

/**
 * Ways out are cut from the lower half of link-local (RFC 3927), two addresses each: nobody routes these, and metadata is in the upper half.
 */
const transit = rangeOf('169.254.0.0/17')
const places = transit.size / 2
const uplinkAt = (place: number): Uplink => ({
  host: addressOf(transit.first + place * 2),
  gateway: addressOf(transit.first + place * 2 + 1),
})
/** Those that links of this host have, whosever. */
const placesOf = (link: Link): number[] =>
  link.addresses.flatMap(address => {
    const place = Math.floor((rangeOf(`${address.split('/')[0]}/32`).first - transit.first) / 2)
    return place >= 0 && place < places ? [place] : []
  })

/** A free place, as near behind the wished one as can be: what stands keeps its own. */
function placeFor(wish: number, taken: ReadonlySet<number>): number {
  let place = wish
  while (taken.has(place)) place = (place + 1) % places
  return place
}

/** A link as it should be, and what of one that is there differs. */
interface WantedLink {
  readonly name: string
  readonly alias?: string
  readonly mac?: string
  readonly mtu?: number
  readonly address?: string
  readonly master?: string
}
function mend(wanted: WantedLink, link: Link): string[] {
  const { name, alias, mac, mtu, address, master } = wanted
  return [
    ...(alias === undefined || link.alias === alias ? [] : [`link set ${name} alias ${alias}`]),
    ...(mac === undefined || link.mac === mac ? [] : [`link set ${name} address ${mac}`]),
    ...(mtu === undefined || link.mtu === mtu ? [] : [`link set ${name} mtu ${mtu}`]),
    ...(link.generates ? [`link set ${name} addrgenmode none`] : []),
    ...(master === undefined || link.master === master ? [] : [`link set ${name} master ${master}`]),
    ...link.addresses.filter(found => found !== address).map(found => `address del ${found} dev ${name}`),
    ...(address === undefined || link.addresses.includes(address) ? [] : [`address add ${address} dev ${name}`]),
    ...(link.up ? [] : [`link set ${name} up`]),
  ]
}
/** As it is made: nothing of what is wanted but its MAC and MTU. */
const fresh: Link = { name: '', kind: 'veth', mac: '', mtu: 0, up: false, generates: true, addresses: [] }

/**
 * Gateways that are apart, wanted × listed → what to do. Pure; on a host that is as wanted nothing. One of which a part is missing (a link of
 * either side, the namespace itself) is made anew, since its two ends go together. `spaces`: our namespaces; null: one that cannot be looked into.
 */
export function planGateways(
  owner: Owner,
  host: HostNetwork,
  spaces: ReadonlyMap<string, Space | null>,
  wanted: readonly NetworkOnHost[],
): GatewayPlan {
  const apart = wanted.filter(({ network }) => network.apart)
  const isOurs = ({ kind, name }: Link) =>
    kind === 'veth' && (name.startsWith(legPrefix(owner.tag)) || name.startsWith(uplinkPrefix(owner.tag)))
  const parts = apart.map(({ network }) => {
    const names = { leg: legName(owner.tag, network.id), uplink: uplinkName(owner.tag, network.id) }
    const space = spaceName(owner.tag, network.id)
    const listed = (links: readonly Link[] | undefined, name: string) => links?.find(link => link.name === name)
    const found = {
      leg: listed(host.links, names.leg),
      uplink: listed(host.links, names.uplink),
      lan: listed(spaces.get(space)?.links, inside.lan),
      out: listed(spaces.get(space)?.links, inside.out),
      lo: listed(spaces.get(space)?.links, 'lo'),
    }
    const stands = found.leg && found.uplink && found.lan && found.out && found.lo
    return { network, space, names, found, stands: stands !== undefined }
  })
  const standing = parts.filter(({ stands }) => stands)
  const kept = new Set(standing.flatMap(({ names, space }) => [names.leg, names.uplink, space]))

  const taken = new Set(host.links.filter(link => !isOurs(link)).flatMap(placesOf))
  const uplinks = new Map<string, Uplink>()
  // What stands first, so that nobody takes its place.
  for (const { network, found, stands } of [...standing, ...parts.filter(part => !part.stands)]) {
    const own = stands && found.uplink ? placesOf(found.uplink).find(place => !taken.has(place)) : undefined
    const place = own ?? placeFor(uplinkWish(owner.tag, network.id, places), taken)
    taken.add(place)
    uplinks.set(network.id, uplinkAt(place))
  }

  const commands: string[] = []
  const within = new Map<string, readonly string[]>()
  for (const { network, space, names, found, stands } of parts) {
    const { host: hostEnd, gateway: ownEnd } = uplinks.get(network.id) ?? uplinkAt(0)
    const mac = gatewayMac(network.id)
    const leg = {
      ...{ name: names.leg, alias: legAlias(owner.instance, network.id), mtu: network.mtu },
      master: bridgeName(owner.tag, network.id),
    }
    const uplink = { name: names.uplink, alias: uplinkAlias(owner.instance, network.id), address: `${hostEnd}/31` }
    const lan = { name: inside.lan, mac, mtu: network.mtu, address: `${network.gateway}/${prefixOf(network.cidr)}` }
    const out = { name: inside.out, address: `${ownEnd}/31` }
    const made = { ...fresh, mac, mtu: network.mtu }
    if (!stands)
      commands.push(
        `link add ${names.leg} mtu ${network.mtu} type veth peer name ${inside.lan} address ${mac} mtu ${network.mtu} netns ${space}`,
        `link add ${names.uplink} type veth peer name ${inside.out} netns ${space}`,
      )
    commands.push(...mend(leg, (stands && found.leg) || made), ...mend(uplink, (stands && found.uplink) || made))
    const wayOut = `${hostEnd} ${inside.out}`
    const lines = [
      ...(stands && found.lo?.up ? [] : ['link set lo up']),
      ...mend(out, (stands && found.out) || made),
      ...mend(lan, (stands && found.lan) || made),
      // A route goes with its address or link.
      ...(stands && spaces.get(space)?.wayOut === wayOut ? [] : [`route replace default via ${hostEnd} dev ${inside.out}`]),
    ]
    if (lines.length > 0) within.set(space, lines)
  }
  return {
    removed: {
      links: host.links.filter(link => isOurs(link) && !kept.has(link.name)).map(({ name }) => name),
      spaces: [...spaces.keys()].filter(name => !kept.has(name)),
    },
    added: parts.filter(({ stands }) => !stands).map(({ space }) => space),
    commands,
    within,
    uplinks,
  }
}
