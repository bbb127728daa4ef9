import { createHash } from 'node:crypto'
import { limits } from '@sirocco/shared/model/limits.ts'
import type { WantedNetwork } from '@sirocco/shared/wire/objects.ts'
import { inside } from './names.ts'
import type { Ruleset } from './ruleset.ts'

/** Link-local: no guest's business beyond its own network, least of all a metadata service that the host itself may have. */
const linkLocal = '169.254.0.0/16'

/**
 * What a gateway that is apart takes for itself (DHCP, DNS and ping of its guests) and passes on: what its guests begin, under its one address
 * on the way out. Connections are tracked in the namespace: those of equal ranges do not meet.
 */
export function gatewayRules({ cidr, gateway }: Pick<WantedNetwork, 'cidr' | 'gateway'>): Ruleset {
  const table = 'sirocco'
  const [lan, out] = [`iifname "${inside.lan}"`, `iifname "${inside.out}"`]
  const chains = [
    'chain input {',
    'type filter hook input priority 0; policy drop;',
    'ct state established,related accept',
    'iifname "lo" accept',
    `${lan} udp sport 68 udp dport 67 accept`,
    ...['udp', 'tcp'].map(protocol => `${lan} ip saddr ${cidr} ip daddr ${gateway} ${protocol} dport 53 accept`),
    `${lan} ip saddr ${cidr} ip daddr ${gateway} icmp type echo-request limit rate ${limits.gatewayPings}/second accept`,
    '}',
    'chain forward {',
    'type filter hook forward priority 0; policy drop;',
    `ip daddr ${linkLocal} drop`,
    `${lan} oifname "${inside.out}" ip saddr ${cidr} accept`,
    `${out} oifname "${inside.lan}" ct state established,related accept`,
    '}',
    'chain outside {',
    'type nat hook postrouting priority 100; policy accept;',
    `oifname "${inside.out}" masquerade`,
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
