import { readlink } from 'node:fs/promises'
import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { WantedNetwork } from '@sirocco/shared/wire/objects.ts'
import { z } from 'zod'
import type { NetworkOnHost } from '../ports/network.ts'
import type { Run } from '../programs/run.ts'
import { gatewayRules } from './gateway-rules.ts'
import type { GatewayPlan, Space } from './gateways.ts'
import { entries, hardenBridge, hardenTunnel, listing, readLinks } from './host-network.ts'
import { legName, spaceName, spacePrefix, uplinkName } from './names.ts'

const failed = (stderr: string): Result<never> =>
  refuse('internal', "a network's gateway could not be set up on the host", { detail: stderr.slice(0, 2_000) })

/** Where `ip` keeps the names of namespaces. */
const names = '/run/netns'

/** `ip -j -4 route show default`. */
const WayOut = z.object({ gateway: z.string().optional(), dev: z.string().optional() })

/** Runs programs within a namespace; their files and processes are the host's. */
export const within =
  (run: Run, space: string): Run =>
  (program, args, stdin, more) =>
    run('nsenter', [`--net=${names}/${space}`, program, ...args], stdin, more)

/** Namespaces of an instance as they are; null: one that was left half made, or lost. */
export async function readSpaces(run: Run, tag: string): Promise<ReadonlyMap<string, Space | null>> {
  const found = (await entries(names)).filter(name => name.startsWith(spacePrefix(tag)))
  const looked = await Promise.all(
    found.map(async name => {
      const [links, ways] = await Promise.all([
        readLinks(run, name),
        listing(run, ['-n', name, '-j', '-4', 'route', 'show', 'default'], WayOut),
      ])
      if (!links.ok || !ways.ok) return [name, null] as const
      const [way] = ways.value
      return [name, { links: links.value, wayOut: way ? `${way.gateway} ${way.dev}` : null }] as const
    }),
  )
  return new Map(looked)
}

/**
 * Makes or removes namespaces where the host's first process sees them: an agent that systemd shuts in sees what is mounted there, while what it
 * mounted itself would go with it.
 */
export async function nameSpaces(run: Run, what: 'add' | 'del', spaces: readonly string[]): Promise<Result<void>> {
  if (spaces.length === 0) return ok(undefined)
  const lines = spaces.map(name => `netns ${what} ${name}\n`).join('')
  const [program, ...before] = (await mountsOfFirst()) ?? ['ip']
  const ran = await run(program, [...before, '-batch', '-'], lines)
  return ran.code === 0 ? ok(undefined) : failed(ran.stderr)
}

/**
 * How `ip` sees the mounts of the host's first process; null: as it is, since it sees the same, or since that process may do what this one may not
 * (proc(5), ptrace access mode) and so lets nobody in. What is made then is gone with a service that systemd shuts in, and made anew by the next.
 */
async function mountsOfFirst(): Promise<readonly [string, ...string[]] | null> {
  const mounts = (pid: string) => readlink(`/proc/${pid}/ns/mnt`).catch(() => null)
  const [first, own] = await Promise.all([mounts('1'), mounts('self')])
  return first === null || first === own ? null : ['nsenter', '--target=1', '--mount', 'ip']
}

/** A gateway forwards, answers ARP for nothing but what the link has that was asked, and has no IPv6. */
export async function hardenSpace(run: Run): Promise<Result<void>> {
  const six = (await entries('/proc/sys/net/ipv6/conf')).length > 0 ? ['all', 'default'] : []
  const switches = [
    '/proc/sys/net/ipv4/ip_forward',
    '/proc/sys/net/ipv4/conf/all/arp_ignore',
    '/proc/sys/net/ipv4/conf/all/rp_filter',
    ...six.map(which => `/proc/sys/net/ipv6/conf/${which}/disable_ipv6`),
  ]
  // Written by a program of the namespace: which one's switches these are goes by who opens them.
  const ran = await run('tee', switches, '1')
  return ran.code === 0 ? ok(undefined) : failed(ran.stderr)
}

/** Brings up what `ip` has made: rules first, so that a gateway passes nothing that they would not let through. */
export async function openGateways(
  run: Run,
  tag: string,
  wanted: readonly NetworkOnHost[],
  plan: Pick<GatewayPlan, 'within' | 'uplinks'>,
): Promise<Result<void>> {
  const opened = await Promise.all(
    wanted.map(({ network }) => (plan.uplinks.has(network.id) ? openGateway(run, tag, network, plan.within) : ok(undefined))),
  )
  return opened.find(({ ok }) => !ok) ?? ok(undefined)
}

async function openGateway(run: Run, tag: string, network: WantedNetwork, lines: GatewayPlan['within']): Promise<Result<void>> {
  const space = spaceName(tag, network.id)
  const there = within(run, space)
  await hardenTunnel(legName(tag, network.id))
  await hardenBridge(uplinkName(tag, network.id))
  const { table, version, text } = gatewayRules(network)
  if ((await there('nft', ['list', 'chain', 'inet', table, version])).code !== 0) {
    // Before its rules, which so say that this was done too.
    const hardened = await hardenSpace(there)
    if (!hardened.ok) return hardened
    const loaded = await there('nft', ['-f', '-'], text)
    if (loaded.code !== 0) return failed(loaded.stderr)
  }
  const inside = lines.get(space) ?? []
  if (inside.length === 0) return ok(undefined)
  const ran = await run('ip', ['-n', space, '-batch', '-'], `${inside.join('\n')}\n`)
  return ran.code === 0 ? ok(undefined) : failed(ran.stderr)
}
