import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { WantedNetwork, WantedPort } from '@sirocco/shared/wire/objects.ts'
import { z } from 'zod'
import type { Plug } from '../ports/compute.ts'
import type { NetworkOnHost, Networks } from '../ports/network.ts'
import { type Run, run as runHere } from '../programs/run.ts'
import { type DnsmasqPaths, dnsmasqFiles, dnsmasqPaths, isDomain, resolverFiles, resolverName } from './dnsmasq.ts'
import { dnsmasqUser, serveDnsmasq, stopDnsmasq } from './dnsmasq-process.ts'
import { planGateways, type Uplink } from './gateways.ts'
import {
  entries,
  forwardPackets,
  hardenBridge,
  hardenTunnel,
  linkIndex,
  readForwarding,
  readHostNetwork,
  readLinks,
} from './host-network.ts'
import { bridgeName, bridgePrefix, inside, legName, networkOfAlias, spaceName, tapName, uplinkPrefix } from './names.ts'
import { fitted, planEntries, planTunnels } from './overlay.ts'
import { PacketFilter } from './packet-filter.ts'
import { type Owner, planLinks } from './plan.ts'
import { nameSpaces, openGateways, readSpaces, within } from './spaces.ts'

export interface LinuxNetworksOptions {
  readonly instance: string
  /** 3 characters, unique among the instances of a host. */
  readonly tag: string
  /** For dnsmasq's files, of this instance alone. Best below /run: passable for all, and gone when the bridges are. */
  readonly dir: string
  /** This host's address on the underlay of its site; without one its networks are its own alone. */
  readonly underlay?: string | null
  readonly run?: Run
}

const words = {
  tag: /^[a-z0-9]{3}$/,
  instance: /^[A-Za-z0-9_-]{1,64}$/,
  network: /^[A-Za-z0-9_-]{1,64}$/,
} as const

/** Beside its configuration: which network a directory is of. */
const idFile = 'network'

const failed = (what: string, stderr: string) =>
  refuse('internal', `${what} failed on the host`, { detail: stderr.slice(0, 2_000) })

/** Networks as bridges of this host, each with a dnsmasq, behind nftables. */
export function linuxNetworks(options: LinuxNetworksOptions): Networks {
  if (!words.tag.test(options.tag)) throw new RangeError('a tag is three lower-case letters or digits')
  if (!words.instance.test(options.instance)) throw new RangeError('an instance id is letters, digits, - and _')
  return new LinuxNetworks({ ...options, dir: resolve(options.dir) })
}

class LinuxNetworks implements Networks {
  readonly #owner: Owner
  readonly #dir: string
  readonly #run: Run
  readonly #filter: PacketFilter
  readonly #underlay: string | null
  /** The MTU of networks that are as they were made so last. */
  readonly #mtus = new Map<string, number>()
  #turn: Promise<unknown> = Promise.resolve()

  constructor({ instance, tag, dir, underlay = null, run = runHere }: LinuxNetworksOptions) {
    this.#owner = { instance, tag }
    this.#dir = dir
    this.#underlay = underlay
    this.#run = run
    this.#filter = new PacketFilter(tag, run)
  }

  apply(wanted: readonly NetworkOnHost[]): Promise<Result<void>> {
    const mine = this.#turn.then(() => this.#apply(wanted)).catch(error => failed('the network', String(error)))
    this.#turn = mine
    return mine
  }

  plug(port: WantedPort, network: WantedNetwork): Plug {
    return {
      mac: port.mac,
      bridge: bridgeName(this.#owner.tag, network.id),
      tap: tapName(this.#owner.tag, port.id),
      mtu: this.#mtus.get(network.id) ?? network.mtu,
    }
  }

  async list(): Promise<Result<readonly string[]>> {
    const host = await readHostNetwork(this.#run)
    if (!host.ok) return host
    const bridged = host.value.links.map(link => networkOfAlias(this.#owner.instance, link.alias))
    const filed = await Promise.all(
      (await this.#served()).map(bridge => readFile(join(this.#dir, bridge, idFile), 'utf8').catch(() => null)),
    )
    return ok([...new Set([...bridged, ...filed].filter(id => id !== null))].sort())
  }

  async warnings(): Promise<readonly string[]> {
    const found = await this.#droppingChains()
    const cure = [bridgePrefix, uplinkPrefix]
      .flatMap(prefix => ['i', 'o'].map(way => `iptables -I FORWARD -${way} ${prefix(this.#owner.tag)}+ -j ACCEPT`))
      .join('; ')
    const asRoot = (await dnsmasqUser(this.#dir)) === 'root'
    return [
      ...found.map(chain => `${chain} drops by default (Docker, ufw): guests reach nothing outside; run: ${cure}`),
      ...(asRoot
        ? [`${this.#dir} is closed to other users, so DHCP and DNS of guests run as root: choose a directory below /run`]
        : []),
      ...(await this.#filter.warnings()),
    ]
  }

  async #apply(asked: readonly NetworkOnHost[]): Promise<Result<void>> {
    for (const { network } of asked)
      if (!words.network.test(network.id) || !isDomain(network.domain))
        return refuse('invalid', 'a network has an id or a domain that no host can carry', {
          detail: `${network.id} ${network.domain}`,
        })
    const host = await readHostNetwork(this.#run)
    if (!host.ok) return host
    const all = asked.map(one => fitted(one, this.#underlay, host.value.links))
    this.#mtus.clear()
    for (const { network } of all) this.#mtus.set(network.id, network.mtu)
    const plan = planLinks(this.#owner, host.value, all)
    const tunnels = planTunnels(this.#owner, this.#underlay, host.value, plan.wanted)
    const gateways = planGateways(this.#owner, host.value, await readSpaces(this.#run, this.#owner.tag), plan.wanted)
    const kept = new Set(all.filter(({ network }) => !network.gone).map(({ network }) => bridgeName(this.#owner.tag, network.id)))
    // A gateway that is made anew lets nobody live in what it was.
    for (const { network } of plan.wanted)
      if (gateways.added.includes(spaceName(this.#owner.tag, network.id))) kept.delete(bridgeName(this.#owner.tag, network.id))
    for (const bridge of await this.#served()) if (!kept.has(bridge)) await this.#unserve(bridge)
    const unlinked = [...gateways.removed.links, ...tunnels.removed, ...plan.removed]
    const linksGone = await this.#unlink(unlinked)
    if (!linksGone.ok) return linksGone
    const spacesGone = await nameSpaces(this.#run, 'del', gateways.removed.spaces)
    if (!spacesGone.ok) return spacesGone
    // Before a bridge is there, so that no guest ever meets a host without rules.
    const ruled = await this.#filter.apply(plan.wanted, gateways.uplinks)
    if (!ruled.ok) return ruled
    const named = await nameSpaces(this.#run, 'add', gateways.added)
    if (!named.ok) return named
    const linked = await this.#batch([...plan.commands, ...tunnels.commands, ...gateways.commands])
    if (!linked.ok) return linked
    for (const tunnel of tunnels.tunnels) await hardenTunnel(tunnel)
    const opened = await openGateways(this.#run, this.#owner.tag, plan.wanted, gateways)
    if (!opened.ok) return opened
    const joined = tunnels.tunnels.length + tunnels.removed.length === 0 ? ok(undefined) : await this.#join(plan.wanted)
    if (!joined.ok) return joined
    const plugged = await this.#plugIn(plan.plugs, all)
    if (!plugged.ok) return plugged
    if (plan.wanted.length) await forwardPackets()
    for (const one of plan.wanted) {
      const served = await this.#serve(one, gateways.uplinks.get(one.network.id))
      if (!served.ok) return served
    }
    const resolved = await this.#resolve(gateways.uplinks.size > 0)
    if (!resolved.ok) return resolved
    const [conflict] = [...plan.conflicts, ...tunnels.conflicts]
    return conflict
      ? refuse('conflict', `the network cannot be made on this host: ${conflict.why}`, { detail: conflict.network })
      : ok(undefined)
  }

  async #batch(lines: readonly string[]): Promise<Result<void>> {
    if (lines.length === 0) return ok(undefined)
    const ran = await this.#run('ip', ['-batch', '-'], `${lines.join('\n')}\n`)
    return ran.code === 0 ? ok(undefined) : failed('making links', ran.stderr)
  }

  /** One may go by itself meanwhile, with the other end of its pair or a namespace, so only what is still there then has failed. */
  async #unlink(names: readonly string[]): Promise<Result<void>> {
    if (names.length === 0) return ok(undefined)
    const ran = await this.#run('ip', ['-force', '-batch', '-'], names.map(name => `link del ${name}\n`).join(''))
    if (ran.code === 0) return ok(undefined)
    const left = await readLinks(this.#run)
    if (!left.ok) return left
    return left.value.some(({ name }) => names.includes(name)) ? failed('removing links', ran.stderr) : ok(undefined)
  }

  /** Makes known where the ports of other hosts are. One entry may go by itself at any moment, so only what is still missing then has failed. */
  async #join(wanted: readonly NetworkOnHost[], again = true): Promise<Result<void>> {
    const table = await readForwarding(this.#run)
    if (!table.ok) return table
    const { forwarding, known } = planEntries(this.#owner, table.value, wanted)
    if (forwarding.length + known.length === 0) return ok(undefined)
    const ran = [
      ...(forwarding.length === 0 ? [] : [await this.#run('bridge', ['-force', '-batch', '-'], `${forwarding.join('\n')}\n`)]),
      ...(known.length === 0 ? [] : [await this.#run('ip', ['-force', '-batch', '-'], `${known.join('\n')}\n`)]),
    ]
    const stderr = ran.map(one => (one.code === 0 ? '' : one.stderr)).join('')
    if (stderr === '') return ok(undefined)
    return again ? this.#join(wanted, false) : failed('joining networks to other hosts', stderr)
  }

  /** Plugs running guests in again. A tap goes with its guest at any moment, so only what can still be seen has failed. */
  async #plugIn(lines: readonly string[], all: readonly NetworkOnHost[]): Promise<Result<void>> {
    if (lines.length === 0) return ok(undefined)
    const ran = await this.#run('ip', ['-force', '-batch', '-'], `${lines.join('\n')}\n`)
    if (ran.code === 0) return ok(undefined)
    const host = await readHostNetwork(this.#run)
    if (!host.ok) return host
    return planLinks(this.#owner, host.value, all).plugs.length === 0 ? ok(undefined) : failed('plugging guests in', ran.stderr)
  }

  async #serve(one: NetworkOnHost, uplink: Uplink | undefined): Promise<Result<void>> {
    const bridge = bridgeName(this.#owner.tag, one.network.id)
    await hardenBridge(bridge)
    const paths = this.#paths(bridge)
    await mkdir(paths.dir, { recursive: true, mode: 0o755 })
    const id = join(paths.dir, idFile)
    if ((await readFile(id, 'utf8').catch(() => null)) !== one.network.id) await writeFile(id, one.network.id)
    const user = await dnsmasqUser(this.#dir)
    if (!uplink)
      return serveDnsmasq(this.#run, paths, dnsmasqFiles(one, { link: bridge, index: await linkIndex(bridge), paths, user }))
    const index = await linkIndex(legName(this.#owner.tag, one.network.id))
    const files = dnsmasqFiles(one, { link: inside.lan, index, paths, user, resolver: uplink.host })
    return serveDnsmasq(within(this.#run, spaceName(this.#owner.tag, one.network.id)), paths, files)
  }

  /** Where gateways that are apart ask for names of elsewhere: whom the host asks is not always there for them. */
  async #resolve(isNeeded: boolean): Promise<Result<void>> {
    const paths = this.#paths(resolverName)
    if (isNeeded) return serveDnsmasq(this.#run, paths, resolverFiles(this.#owner.tag, paths, await dnsmasqUser(this.#dir)))
    if ((await entries(this.#dir)).includes(resolverName)) await this.#unserve(resolverName)
    return ok(undefined)
  }

  async #unserve(bridge: string): Promise<void> {
    const paths = this.#paths(bridge)
    await stopDnsmasq(paths)
    await rm(paths.dir, { recursive: true, force: true })
  }

  #paths(bridge: string): DnsmasqPaths {
    return dnsmasqPaths(join(this.#dir, bridge))
  }

  async #served(): Promise<string[]> {
    return (await entries(this.#dir)).filter(name => name.startsWith(bridgePrefix(this.#owner.tag)))
  }

  /** Chains of others that drop what is forwarded: an accept of ours does not overrule them. */
  async #droppingChains(): Promise<string[]> {
    const ran = await this.#run('nft', ['-j', 'list', 'chains'])
    const parsed = Chains.safeParse(ran.code === 0 ? JSON.parse(ran.stdout) : null)
    if (!parsed.success) return []
    return parsed.data.nftables
      .map(({ chain }) => chain)
      .filter(
        chain => chain?.hook === 'forward' && chain.policy === 'drop' && chain.family !== 'ip6' && chain.family !== 'bridge',
      )
      .map(chain => `chain ${chain?.name} of nft table ${chain?.family} ${chain?.table}`)
  }
}

/** `nft -j list chains`. */
const Chains = z.object({
  nftables: z.array(
    z.object({
      chain: z
        .object({
          family: z.string(),
          table: z.string(),
          name: z.string(),
          hook: z.string().optional(),
          policy: z.string().optional(),
        })
        .optional(),
    }),
  ),
})
