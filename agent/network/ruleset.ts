import { createHash } from 'node:crypto'
import { limits } from '@sirocco/shared/model/limits.ts'
import type { WantedNetwork } from '@sirocco/shared/wire/objects.ts'
import type { Uplink } from './gateways.ts'
import { marks } from './marks.ts'
import { anyBridge, anyTap, anyUplink, bridgeMac, bridgeName, tableName, uplinkName } from './names.ts'
import { tunnelPort } from './overlay.ts'
import { zonesOf } from './zones.ts'

/** A ruleset and the chain whose presence says that exactly this text is loaded. */
export interface Ruleset {
  readonly table: string
  readonly version: string
  readonly text: string
}

/**
 * The one table of an instance, replaced whole and at once.
 * Guests reach the outside (masqueraded) and, of their host, DHCP, DNS and ping of their own gateway. The host reaches its guests. Networks
 * do not reach each other, nor those of another instance here.
 * What ports may send and get is in a table of the bridge family, beside this one; that one knows no connections, so this one tells it by a mark
 * whether a packet belongs to one. Frames within a network have a zone of their own: two networks with the same addresses, ports and all do
 * not meet. Tunnels of a network take frames of hosts alone that have ports of it (`peers`). What is routed has not, since its answers come back from outside of it.
 * Nothing of a network whose gateway is apart (`uplinks`) is routed here, nor for the host, but what comes and goes by its way out: to the outside
 * alone, from the one address that is its own, and to the host for names.
 */
export function ruleset(
  tag: string,
  networks: readonly WantedNetwork[],
  peers: ReadonlyMap<string, readonly string[]> = new Map(),
  uplinks: ReadonlyMap<string, Uplink> = new Map(),
): Ruleset {
  const zones = zonesOf(tag, networks)
  const table = tableName(tag)
  const bridges = networks
    .map(network => ({ ...network, bridge: bridgeName(tag, network.id) }))
    .sort((a, b) => (a.id < b.id ? -1 : 1))
  type Bridge = (typeof bridges)[number]
  const named = (text: (network: Bridge) => readonly string[]) => bridges.filter(({ apart }) => !apart).flatMap(text)
  const apart = (text: (network: Bridge) => readonly string[]) => bridges.filter(one => one.apart).flatMap(text)
  const out = bridges.flatMap(({ id }) => {
    const uplink = uplinks.get(id)
    return uplink ? [{ link: uplinkName(tag, id), ...uplink }] : []
  })
  const chains = [
    `set bridges { type ifname; elements = { ${bridges.map(({ bridge }) => `"${bridge}"`).join(', ')} }; }`,
    ...(out.length === 0
      ? []
      : [`set uplinks { type ifname; elements = { ${out.map(({ link }) => `"${link}"`).join(', ')} }; }`]),
    'chain zone {',
    'type filter hook prerouting priority -300; policy accept;',
    ...named(({ id, bridge }) => [`iifname "${bridge}" ether daddr != ${bridgeMac(id)} ct zone set ${zones.get(id)}`]),
    ...apart(({ id, bridge }) => [`iifname "${bridge}" ct zone set ${zones.get(id)}`]),
    '}',
    'chain known {',
    'type filter hook prerouting priority -140; policy accept;',
    `iifname @bridges ct state established,related meta mark set ${marks.known}`,
    `iifname @bridges ct state invalid meta mark set ${marks.invalid}`,
    '}',
    'chain answers {',
    'type filter hook output priority 0; policy accept;',
    `oifname @bridges ct state established,related meta mark set ${marks.known}`,
    '}',
    'chain forward {',
    'type filter hook forward priority 0; policy accept;',
    // With br_netfilter, frames within one bridge pass here too.
    ...bridges.map(({ bridge }) => `iifname "${bridge}" oifname "${bridge}" accept`),
    ...apart(({ bridge }) => [`iifname "${bridge}" drop`, `oifname "${bridge}" drop`]),
    ...passing(out),
    `iifname @bridges oifname "${anyBridge}" drop`,
    `iifname "${anyBridge}" oifname @bridges drop`,
    'iifname @bridges meta nfproto ipv6 drop',
    'oifname @bridges meta nfproto ipv6 drop',
    ...named(({ bridge, cidr }) => [`iifname "${bridge}" ip saddr != ${cidr} drop`]),
    'iifname @bridges accept',
    `oifname @bridges ct state established,related meta mark set ${marks.known} accept`,
    'oifname @bridges drop',
    '}',
    'chain input {',
    'type filter hook input priority 0; policy accept;',
    // Frames to a bridge's own multicast addresses pass it by.
    `iifname "${anyTap(tag)}" drop`,
    ...apart(({ bridge }) => [`iifname "${bridge}" drop`]),
    ...asking(out),
    'iifname != @bridges accept',
    'ct state established,related accept',
    'udp sport 68 udp dport 67 accept',
    ...named(({ bridge, gateway }) => [
      `iifname "${bridge}" ip daddr ${gateway} udp dport 53 accept`,
      `iifname "${bridge}" ip daddr ${gateway} tcp dport 53 accept`,
      `iifname "${bridge}" ip daddr ${gateway} icmp type echo-request limit rate ${limits.gatewayPings}/second accept`,
    ]),
    'drop',
    '}',
    ...tunnels(networks, peers),
    'chain outside {',
    'type nat hook postrouting priority 100; policy accept;',
    ...named(({ cidr }) => [`ip saddr ${cidr} ip daddr != ${cidr} oifname != "${anyBridge}" masquerade`]),
    ...out.map(({ gateway }) => `ip saddr ${gateway} masquerade`),
    '}',
  ]
  const version = `v_${createHash('sha256').update(chains.join('\n')).digest('hex').slice(0, 12)}`
  const text = [
    `table inet ${table}`,
    `delete table inet ${table}`,
    `table inet ${table} {`,
    ...chains,
    `chain ${version} { }`,
    '}',
    '',
  ]
  return { table, version, text: text.join('\n') }
}

interface WayOut extends Uplink {
  readonly link: string
}

/** What is forwarded by ways out: neither to networks, whosever, nor to other ways out. */
function passing(out: readonly WayOut[]): string[] {
  if (out.length === 0) return []
  return [
    ...[anyBridge, anyUplink].flatMap(any => [
      `iifname @uplinks oifname "${any}" drop`,
      `iifname "${any}" oifname @uplinks drop`,
    ]),
    'iifname @uplinks meta nfproto ipv6 drop',
    'oifname @uplinks meta nfproto ipv6 drop',
    ...out.map(({ link, gateway }) => `iifname "${link}" ip saddr != ${gateway} drop`),
    'iifname @uplinks accept',
    'oifname @uplinks ct state established,related accept',
    'oifname @uplinks drop',
  ]
}

/** What the host takes by ways out: names that its own DNS is asked for, by nobody else. */
function asking(out: readonly WayOut[]): string[] {
  if (out.length === 0) return []
  return [
    'iifname @uplinks ct state established,related accept',
    ...out.flatMap(({ link, host, gateway }) =>
      ['udp', 'tcp'].map(protocol => `iifname "${link}" ip saddr ${gateway} ip daddr ${host} ${protocol} dport 53 accept`),
    ),
    'iifname @uplinks drop',
    `iifname != "lo" ip daddr { ${out.map(({ host }) => host).join(', ')} } drop`,
  ]
}

/** VXLAN names no sender that could be believed but its address: who has no port of the network sends nothing into it. */
function tunnels(networks: readonly WantedNetwork[], peers: ReadonlyMap<string, readonly string[]>): string[] {
  const lines = [...networks]
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .flatMap(({ id, vni }) => {
      if (vni === undefined) return []
      // Behind the header of UDP: flags, and the number of the network.
      const its = `udp dport ${tunnelPort} @th,96,24 ${vni}`
      const from = [...new Set(peers.get(id) ?? [])].sort()
      const known = ([4, 6] as const).flatMap(version => {
        const of = from.filter(address => address.includes(':') === (version === 6))
        return of.length === 0 ? [] : [`${its} ${version === 4 ? 'ip' : 'ip6'} saddr { ${of.join(', ')} } accept`]
      })
      return [...known, `${its} drop`]
    })
  return lines.length === 0 ? [] : ['chain tunnels {', 'type filter hook input priority -10; policy accept;', ...lines, '}']
}
