import { readdir, readFile, writeFile } from 'node:fs/promises'
import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { z } from 'zod'
import type { Run } from '../programs/run.ts'
import type { Forwarding } from './overlay.ts'
import type { HostNetwork, Link } from './plan.ts'

/** `ip -j -d address show`, of which only what decides. */
const IpLink = z.object({
  ifname: z.string(),
  address: z.string().optional(),
  mtu: z.number(),
  flags: z.array(z.string()),
  ifalias: z.string().optional(),
  master: z.string().optional(),
  linkinfo: z
    .object({ info_kind: z.string().optional(), info_data: z.unknown().optional(), info_slave_data: z.unknown().optional() })
    .optional(),
  inet6_addr_gen_mode: z.string().optional(),
  addr_info: z.array(z.object({ family: z.string(), local: z.string(), prefixlen: z.number() })),
})

/** `ip -j -4 route show table all`. */
const IpRoute = z.object({ dst: z.string(), dev: z.string().optional(), table: z.string().optional() })

/** Of a bridge; a kernel without br_netfilter does not say. */
const Shown = z.object({ nf_call_iptables: z.number(), nf_call_ip6tables: z.number() })
function filteredOf(info: z.output<typeof IpLink>['linkinfo']): Pick<Link, 'filtered'> {
  if (info?.info_kind !== 'bridge') return {}
  const shown = Shown.safeParse(info.info_data)
  return shown.success ? { filtered: shown.data.nf_call_iptables === 1 && shown.data.nf_call_ip6tables === 1 } : {}
}

/** Of a VXLAN device. */
const Tunnel = z.object({
  id: z.number(),
  local: z.string().optional(),
  local6: z.string().optional(),
  port: z.number(),
  learning: z.boolean(),
})
/** Of a bridge's port. */
const Slave = z.object({
  learning: z.boolean(),
  flood: z.boolean(),
  mcast_flood: z.boolean(),
  bcast_flood: z.boolean(),
  neigh_suppress: z.boolean(),
})
function tunnelOf(info: z.output<typeof IpLink>['linkinfo']): Pick<Link, 'tunnel' | 'quiet'> {
  if (info?.info_kind !== 'vxlan') return {}
  const tunnel = Tunnel.safeParse(info.info_data)
  const slave = Slave.safeParse(info.info_slave_data)
  const { id = 0, local, local6, port = 0, learning = true } = tunnel.data ?? {}
  return {
    tunnel: { vni: id, local: local ?? local6 ?? '', port, learns: learning },
    quiet:
      slave.success &&
      slave.data.neigh_suppress &&
      !(slave.data.learning || slave.data.flood || slave.data.mcast_flood || slave.data.bcast_flood),
  }
}

const linkOf = (link: z.output<typeof IpLink>): Link => ({
  name: link.ifname,
  kind: link.linkinfo?.info_kind ?? '',
  ...(link.ifalias === undefined ? {} : { alias: link.ifalias }),
  mac: link.address ?? '',
  mtu: link.mtu,
  up: link.flags.includes('UP'),
  ...(link.master === undefined ? {} : { master: link.master }),
  // Not shown at all once a link has no IPv6.
  generates: link.inet6_addr_gen_mode !== undefined && link.inet6_addr_gen_mode !== 'none',
  ...filteredOf(link.linkinfo),
  ...tunnelOf(link.linkinfo),
  addresses: link.addr_info.filter(({ family }) => family === 'inet').map(({ local, prefixlen }) => `${local}/${prefixlen}`),
  addresses6: link.addr_info.filter(({ family }) => family === 'inet6').map(({ local }) => local),
})

/** `bridge -j fdb show`: of a tunnel (`dst`), or of a bridge (`master`). */
const IpForward = z.object({
  mac: z.string(),
  ifname: z.string().optional(),
  dst: z.string().optional(),
  master: z.string().optional(),
  state: z.string().optional(),
})
/** `ip -j neigh show nud permanent`. */
const IpNeighbour = z.object({ dst: z.string(), dev: z.string(), lladdr: z.string().optional() })

/** What a program that prints JSON lists. */
export async function listing<T>(run: Run, args: readonly string[], shape: z.ZodType<T>, program = 'ip'): Promise<Result<T[]>> {
  const ran = await run(program, args)
  if (ran.code !== 0) return refuse('internal', "the host's network cannot be read", { detail: ran.stderr.slice(0, 2_000) })
  const parsed = z.array(shape).safeParse(JSON.parse(ran.stdout || '[]'))
  return parsed.success
    ? ok(parsed.data)
    : refuse('internal', "the host's network cannot be read", { detail: parsed.error.message })
}

/** Links with their addresses, of the host or of one of its namespaces. */
export async function readLinks(run: Run, space: string | null = null): Promise<Result<Link[]>> {
  const links = await listing(run, [...(space === null ? [] : ['-n', space]), '-j', '-d', 'address', 'show'], IpLink)
  return links.ok ? ok(links.value.map(linkOf)) : links
}

/** Links, addresses and routes as they are. */
export async function readHostNetwork(run: Run): Promise<Result<HostNetwork>> {
  const [links, routes] = await Promise.all([
    readLinks(run),
    listing(run, ['-j', '-4', 'route', 'show', 'table', 'all'], IpRoute),
  ])
  if (!links.ok) return links
  if (!routes.ok) return routes
  const reachable = routes.value.filter(({ table, dst }) => table !== 'local' && dst !== 'default')
  return ok({ links: links.value, routes: reachable.map(({ dst, dev }) => ({ to: dst, link: dev ?? 'nothing' })) })
}

/** What frames of tunnels and bridges go by, and who is known by ARP without asking. */
export async function readForwarding(run: Run): Promise<Result<Forwarding>> {
  const [entries, neighbours] = await Promise.all([
    listing(run, ['-j', 'fdb', 'show'], IpForward, 'bridge'),
    listing(run, ['-j', '-4', 'neigh', 'show', 'nud', 'permanent'], IpNeighbour),
  ])
  if (!entries.ok) return entries
  if (!neighbours.ok) return neighbours
  return ok({
    tunnelled: entries.value.flatMap(({ mac, ifname, dst }) => (ifname && dst ? [{ mac, link: ifname, to: dst }] : [])),
    // A port's own address is permanent, and nobody's to change.
    bridged: entries.value.flatMap(({ mac, ifname, master, state }) =>
      ifname && master && state !== 'permanent' ? [{ mac, link: ifname }] : [],
    ),
    known: neighbours.value.flatMap(({ dst, dev, lladdr }) => (lladdr ? [{ address: dst, link: dev, mac: lladdr }] : [])),
  })
}

async function ensure(path: string, value: string): Promise<void> {
  const now = await readFile(path, 'utf8').catch(() => null)
  // null: this kernel has no such switch (no IPv6, most often), so there is nothing to turn off.
  if (now !== null && now.trim() !== value) await writeFile(path, value)
}

/** The host forwards; nobody but the host's owner turns it off again, since others may rely on it by then. */
export const forwardPackets = () => ensure('/proc/sys/net/ipv4/ip_forward', '1')

/** A bridge, or a gateway's way out, answers ARP only for its own address, takes packets only from its own range, and has no IPv6. */
export async function hardenBridge(bridge: string): Promise<void> {
  const ipv4 = `/proc/sys/net/ipv4/conf/${bridge}`
  await ensure(`${ipv4}/arp_ignore`, '1')
  await ensure(`${ipv4}/rp_filter`, '1')
  await ensure(`${ipv4}/accept_redirects`, '0')
  await ensure(`${ipv4}/send_redirects`, '0')
  await ensure(`/proc/sys/net/ipv6/conf/${bridge}/disable_ipv6`, '1')
}

/** The end of a tunnel, or of a gateway's leg, has no IPv6 of its own on the host. */
export const hardenTunnel = (link: string) => ensure(`/proc/sys/net/ipv6/conf/${link}/disable_ipv6`, '1')

/** The kernel's number of a link; empty where there is none. */
export const linkIndex = async (name: string): Promise<string> =>
  (await readFile(`/sys/class/net/${name}/ifindex`, 'utf8').catch(() => '')).trim()

/** Names of the entries of a directory; none where there is no directory. */
export const entries = (dir: string): Promise<string[]> => readdir(dir).catch(() => [])

const bridgeFilter = '/proc/sys/net/bridge'

/**
 * Whether this kernel shows frames within a bridge to connection tracking (br_netfilter), without which security groups cannot be enforced.
 * Where the module had to be loaded, the host's other bridges stay as they were: it would show theirs, too.
 */
export async function bridgesFilter(run: Run): Promise<boolean> {
  if ((await entries(bridgeFilter)).length > 0) return true
  await run('modprobe', ['br_netfilter'])
  if ((await entries(bridgeFilter)).length === 0) return false
  for (const name of ['iptables', 'ip6tables', 'arptables']) await ensure(`${bridgeFilter}/bridge-nf-call-${name}`, '0')
  return true
}
