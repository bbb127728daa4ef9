import { canonical } from '@sirocco/shared/kit/canonical.ts'
import type { NetworkOnHost } from '../ports/network.ts'
import { uplinkPrefix } from './names.ts'
import { netmask, networkAddress } from './ranges.ts'

/** The files of one network's dnsmasq, by name. Static addresses only: who is not in `hosts` gets no answer. */
export interface DnsmasqFiles {
  readonly conf: string
  /** `dhcp-hostsfile`: MAC, address, name. */
  readonly dhcp: string
  /** `addn-hosts`: names. */
  readonly names: string
}

/** Where a network's dnsmasq lives. */
export interface DnsmasqPaths {
  readonly dir: string
  readonly conf: string
  readonly dhcp: string
  readonly names: string
  readonly pid: string
  readonly leases: string
  /** What the running one was last told; written after it was. */
  readonly told: string
}

export const dnsmasqPaths = (dir: string): DnsmasqPaths => ({
  dir,
  conf: `${dir}/dnsmasq.conf`,
  dhcp: `${dir}/dhcp-hosts`,
  names: `${dir}/names`,
  pid: `${dir}/pid`,
  leases: `${dir}/leases`,
  told: `${dir}/told.json`,
})

const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/

/** Whether a domain may stand in a configuration file: labels and dots alone. */
export const isDomain = (text: string): boolean => text.length <= 253 && text.split('.').every(part => label.test(part))

/** The name of a port's machine as a label; its address where it has none. */
const labelOf = (hostname: string, address: string): string => {
  const text = hostname.toLowerCase()
  return label.test(text) ? text : `ip-${address.replaceAll('.', '-')}`
}

/** What its files depend on beside the network itself. */
export interface DnsmasqSetting {
  /** The link that it serves, by its name where it runs. */
  readonly link: string
  /** The kernel's number of that link, or of its other end: one made anew under its name is another, to which the running dnsmasq is not bound. */
  readonly index: string
  readonly paths: DnsmasqPaths
  /** Whom it runs as. */
  readonly user: string
  /** Whom it asks for names of elsewhere; left out: whom the host asks. */
  readonly resolver?: string
}

/** What a network's dnsmasq is to be. */
export function dnsmasqFiles(
  { network, ports, neighbours = [] }: NetworkOnHost,
  { link, index, paths, user, resolver }: DnsmasqSetting,
): DnsmasqFiles {
  const conf = [
    `# link ${index}`,
    `interface=${link}`,
    'except-interface=lo',
    'bind-interfaces',
    `user=${user}`,
    `pid-file=${paths.pid}`,
    'no-hosts',
    ...(resolver === undefined ? [] : ['no-resolv', `server=${resolver}`]),
    `addn-hosts=${paths.names}`,
    `domain=${network.domain}`,
    `local=/${network.domain}/`,
    'domain-needed',
    'bogus-priv',
    'expand-hosts',
    `dhcp-range=${networkAddress(network.cidr)},static,${netmask(network.cidr)},infinite`,
    `dhcp-hostsfile=${paths.dhcp}`,
    `dhcp-leasefile=${paths.leases}`,
    'dhcp-ignore=tag:!known',
    'dhcp-authoritative',
    'no-ping',
    'quiet-dhcp',
    `dhcp-option=option:router,${network.gateway}`,
    `dhcp-option=option:dns-server,${network.gateway}`,
    `dhcp-option=option:mtu,${network.mtu}`,
  ]
  const lines = <T extends { readonly id: string }>(all: readonly T[], each: (port: T) => string) =>
    [...all]
      .sort((a, b) => (a.id < b.id ? -1 : 1))
      .map(port => `${each(port)}\n`)
      .join('')
  const local = new Set(ports.map(({ id }) => id))
  const named = [...ports, ...neighbours.filter(({ id }) => !local.has(id))]
  return {
    conf: `${conf.join('\n')}\n`,
    // Each machine is served by its own host; names are known on all.
    dhcp: lines(ports, ({ mac, address, hostname }) => `${mac},${address},${labelOf(hostname, address)},infinite`),
    names: lines(named, ({ address, hostname }) => `${address} ${labelOf(hostname, address)}`),
  }
}

export type DnsmasqStep = 'nothing' | 'reread' | 'restart'

/**
 * How a running dnsmasq comes from what it was told to what is wanted. It reads hosts again on SIGHUP; but an address whose lease is another
 * MAC's is given to nobody until that lease is gone, so where one is taken back it begins anew, without leases.
 */
export function stepOf(told: DnsmasqFiles | null, wanted: DnsmasqFiles): DnsmasqStep {
  if (told === null || told.conf !== wanted.conf) return 'restart'
  if (canonical(told) === canonical(wanted)) return 'nothing'
  const pairs = (text: string) => text.split('\n').map(line => line.split(',').slice(0, 2).join(','))
  const kept = new Set(pairs(wanted.dhcp))
  return pairs(told.dhcp).every(pair => kept.has(pair)) ? 'reread' : 'restart'
}

/** Its directory, beside those of networks. */
export const resolverName = 'resolver'

/** A dnsmasq that answers gateways that are apart, on whatever ways out there are, by what the host's own resolver says. */
export const resolverFiles = (tag: string, paths: DnsmasqPaths, user: string): DnsmasqFiles => ({
  conf: [
    `interface=${uplinkPrefix(tag)}*`,
    'except-interface=lo',
    // They come and go while it runs.
    'bind-dynamic',
    `user=${user}`,
    `pid-file=${paths.pid}`,
    'no-hosts',
    'domain-needed',
    'bogus-priv',
    '',
  ].join('\n'),
  dhcp: '',
  names: '',
})
