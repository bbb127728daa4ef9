import { createHash } from 'node:crypto'

const hex = (...parts: readonly string[]) => createHash('sha256').update(parts.join('\0')).digest('hex')

/** A network's bridge: 15 characters, the most that Linux takes. */
export const bridgeName = (tag: string, network: string): string => `${bridgePrefix(tag)}${hex('network', network).slice(0, 10)}`
export const bridgePrefix = (tag: string): string => `sb${tag}`
/** Bridges of every instance on a host; only ever matched, never changed by this pattern. */
export const anyBridge = 'sb*'

/** The end of a network's tunnels to the other hosts, which its bridge has as a port: 15 characters too. */
export const overlayName = (tag: string, network: string): string =>
  `${overlayPrefix(tag)}${hex('network', network).slice(0, 10)}`
export const overlayPrefix = (tag: string): string => `sx${tag}`
/** Those of one instance; only ever matched. */
export const anyOverlay = (tag: string): string => `sx${tag}*`
/** Whose it is; another word than a bridge's, so that each counts once. */
export const overlayAlias = (instance: string, network: string): string => `sirocco-overlay:${instance}:${network}`

/** The namespace that a network's gateway is in, where it is apart: 15 characters too. */
export const spaceName = (tag: string, network: string): string => `${spacePrefix(tag)}${hex('network', network).slice(0, 10)}`
export const spacePrefix = (tag: string): string => `sn${tag}`
/** Its leg in the network, the end that the bridge has as a port. */
export const legName = (tag: string, network: string): string => `${legPrefix(tag)}${hex('network', network).slice(0, 10)}`
export const legPrefix = (tag: string): string => `sv${tag}`
/** Those of one instance; only ever matched. */
export const anyLeg = (tag: string): string => `sv${tag}*`
/** Its way out, the host's end. */
export const uplinkName = (tag: string, network: string): string => `${uplinkPrefix(tag)}${hex('network', network).slice(0, 10)}`
export const uplinkPrefix = (tag: string): string => `se${tag}`
/** Those of every instance on a host; only ever matched. */
export const anyUplink = 'se*'
export const legAlias = (instance: string, network: string): string => `sirocco-leg:${instance}:${network}`
export const uplinkAlias = (instance: string, network: string): string => `sirocco-uplink:${instance}:${network}`
/** What the links are called within the namespace. */
export const inside = { lan: 'lan', out: 'out' } as const

/** The same on every host, and another than the bridge's, which takes what is sent to its own. */
export const gatewayMac = (network: string): string =>
  ['02', '5c', ...(hex('gateway', network).slice(0, 8).match(/../g) ?? [])].join(':')

/** Which of `count` places a network would like for its way out. */
export const uplinkWish = (tag: string, network: string, count: number): number =>
  Number.parseInt(hex('uplink', tag, network).slice(0, 8), 16) % count

/** A port's tap device, the host's end of an interface: 15 characters too. */
export const tapName = (tag: string, port: string): string => `st${tag}${hex('port', port).slice(0, 10)}`

/** Fixed, else a bridge takes the lowest address among its ports. Locally administered. */
export const bridgeMac = (network: string): string =>
  ['02', '5b', ...(hex('bridge', network).slice(0, 8).match(/../g) ?? [])].join(':')

/** What a bridge carries as its alias: whose it is, and which network's. */
export const bridgeAlias = (instance: string, network: string): string => `sirocco:${instance}:${network}`

/** The network that an alias names, when it is this instance's. */
export function networkOfAlias(instance: string, alias: string | undefined): string | null {
  const prefix = `sirocco:${instance}:`
  return alias?.startsWith(prefix) && alias.length > prefix.length ? alias.slice(prefix.length) : null
}

export const tableName = (tag: string): string => `sirocco_${tag}`

/** Taps of one instance; only ever matched. */
export const anyTap = (tag: string): string => `st${tag}*`

/** A port's or group's part in the names of chains and sets. */
export const ruleName = (kind: 'port' | 'group', id: string): string => hex(kind, id).slice(0, 10)

/** Where in the zones of the host's connection tracking a network would like to be: 1 to 65535. */
export const zoneWish = (tag: string, network: string): number =>
  (Number.parseInt(hex('zone', tag, network).slice(0, 8), 16) % 65_535) + 1
