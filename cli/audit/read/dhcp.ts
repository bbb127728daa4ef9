import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ok } from '@sirocco/shared/kit/fault.ts'
import type { Found } from '../item.ts'
import { type Process, readProcesses } from './processes.ts'
import type { Reader } from './reader.ts'

const textOf = (path: string) => readFile(path, 'utf8').catch(() => '')

/** The dnsmasq of each network: its processes, by what they were started with; its files; the addresses it promises. */
export const dhcp: Reader = {
  kinds: ['dhcp', 'settings', 'lease', 'given'],
  async read({ runtime }) {
    const folder = join(runtime, 'networks')
    const found: Found[] = []
    const networks = new Map<string, string>()
    for (const name of await readdir(folder).catch(() => [])) {
      const dir = join(folder, name)
      const network = (await textOf(join(dir, 'network'))) || name
      networks.set(dir, network)
      found.push({ kind: 'settings', id: network, facts: {}, where: dir })
      found.push(...leases(network, dir, await textOf(join(dir, 'dhcp-hosts')), await textOf(join(dir, 'leases'))))
    }
    for (const { dir, pid } of servers(await readProcesses(), folder)) {
      const pidFile = (await textOf(join(dir, 'pid'))).trim() === String(pid)
      found.push({ kind: 'dhcp', id: networks.get(dir) ?? dir, facts: { pidFile }, where: `process ${pid}` })
    }
    return ok(found)
  },
}

/** Processes that were started with a configuration below `folder`. */
export const servers = (processes: readonly Process[], folder: string): { readonly dir: string; readonly pid: number }[] =>
  processes.flatMap(({ pid, words }) => {
    const conf = words.find(word => word.startsWith(`--conf-file=${folder}/`))?.slice('--conf-file='.length)
    return conf && words[0]?.endsWith('dnsmasq') ? [{ pid, dir: join(conf, '..') }] : []
  })

/** Addresses that are promised, and those that were given out. */
export function leases(network: string, dir: string, hosts: string, given: string): Found[] {
  const promised = rows(hosts, ',').map(([mac = '', address = '']): Found => {
    return { kind: 'lease', id: mac, facts: { address, network }, where: join(dir, 'dhcp-hosts') }
  })
  // Expiry, MAC, address, name, client id; `duid` begins a line of DHCPv6's own.
  const taken = rows(given, ' ')
    .filter(([expiry]) => expiry !== 'duid')
    .map(([, mac = '', address = '']): Found => {
      return { kind: 'given', id: mac, facts: { address, network }, where: join(dir, 'leases') }
    })
  return [...promised, ...taken]
}

const rows = (text: string, between: string) =>
  text
    .split('\n')
    .filter(line => line.trim() !== '')
    .map(line => line.split(between))
