import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import type { NetworkOnHost } from '../ports/network.ts'
import type { Run } from '../programs/run.ts'
import { ending, type Flow, flowOf, isForbidden, type JudgedPort, judgedPorts, narrowed } from './flows.ts'
import type { Uplink } from './gateways.ts'
import { bridgesFilter } from './host-network.ts'
import { tableName } from './names.ts'
import { type PortRuleset, portRuleset, portScript } from './port-ruleset.ts'
import { ruleset } from './ruleset.ts'

const failed = (what: string, stderr: string) =>
  refuse('internal', `${what} failed on the host`, { detail: stderr.slice(0, 2_000) })

const cannotFilter =
  'this kernel shows bridged frames to no connection tracking (br_netfilter), so security groups cannot be enforced here, and no machine gets a network; load the module, or use a kernel that has it'

/** What is known to be loaded, with what decides about connections. */
interface Loaded {
  readonly rules: PortRuleset
  readonly ports: ReadonlyMap<string, JudgedPort>
}

/**
 * The packet filter of one instance's networks: its inet table and its bridge table. Each names by a chain which rules it has, so that another
 * life of the agent sees that nothing is to do.
 */
export class PacketFilter {
  readonly #tag: string
  readonly #run: Run
  #loaded: Loaded | null = null

  constructor(tag: string, run: Run) {
    this.#tag = tag
    this.#run = run
  }

  async apply(networks: readonly NetworkOnHost[], uplinks: ReadonlyMap<string, Uplink> = new Map()): Promise<Result<void>> {
    if (networks.length === 0) return this.#remove()
    if (!(await bridgesFilter(this.#run))) return refuse('unsupported', cannotFilter)
    const shared = ruleset(
      this.#tag,
      networks.map(({ network }) => network),
      new Map(networks.map(({ network, neighbours = [] }) => [network.id, neighbours.map(({ via }) => via)])),
      uplinks,
    )
    const ports = { rules: portRuleset(this.#tag, networks), ports: judgedPorts(this.#tag, networks) }
    const [sharedStands, portsStand] = [
      await this.#stands('inet', shared.table, shared.version),
      await this.#stands('bridge', ports.rules.table, ports.rules.version),
    ]
    if (portsStand) this.#loaded = ports
    if (sharedStands && portsStand) return ok(undefined)

    const before =
      this.#loaded && (await this.#stands('bridge', ports.rules.table, this.#loaded.rules.version)) ? this.#loaded : null
    const suspects = portsStand ? [] : narrowed(before?.ports ?? null, ports.ports)
    // The rules are marked as whole only once connections that they forbid are cut: else a life that ended in between left these open.
    const script = [
      ...(sharedStands ? [] : [shared.text]),
      ...(portsStand ? [] : [portScript(ports.rules, before?.rules ?? null, suspects.length === 0)]),
    ]
    const ran = await this.#run('nft', ['-f', '-'], script.join(''))
    if (ran.code !== 0) return failed('loading the rules', ran.stderr)
    if (suspects.length > 0) {
      await this.#cut(suspects)
      const marked = await this.#run('nft', ['add', 'chain', 'bridge', ports.rules.table, ports.rules.version])
      if (marked.code !== 0) return failed('marking the rules', marked.stderr)
    }
    this.#loaded = ports
    return ok(undefined)
  }

  async warnings(): Promise<readonly string[]> {
    const [filters, conntrack] = [await bridgesFilter(this.#run), await this.#run('conntrack', ['--version'])]
    return [
      ...(filters ? [] : [cannotFilter]),
      ...(conntrack.code === 0
        ? []
        : ['conntrack is not installed: a security group that is narrowed does not cut connections that are open; install it']),
    ]
  }

  async #remove(): Promise<Result<void>> {
    this.#loaded = null
    const table = tableName(this.#tag)
    for (const family of ['bridge', 'inet']) {
      const there = await this.#run('nft', ['list', 'table', family, table])
      if (there.code !== 0) continue
      const deleted = await this.#run('nft', ['delete', 'table', family, table])
      if (deleted.code !== 0) return failed('removing the rules', deleted.stderr)
    }
    return ok(undefined)
  }

  async #stands(family: 'inet' | 'bridge', table: string, version: string): Promise<boolean> {
    return (await this.#run('nft', ['list', 'chain', family, table, version])).code === 0
  }

  /** Ends connections of these ports that their rules no longer let through, and no others. */
  async #cut(ports: readonly JudgedPort[]): Promise<void> {
    const forbidden = new Map<string, Flow>()
    await this.#each(ports, async port => {
      for (const end of ['-s', '-d']) {
        const { stdout } = await this.#run('conntrack', ['-L', end, port.address])
        for (const line of stdout.split('\n')) {
          const flow = flowOf(line)
          if (flow && isForbidden(flow, port)) forbidden.set(ending(flow).join(' '), flow)
        }
      }
    })
    // One that ended by itself meanwhile is no failure.
    await this.#each([...forbidden.values()], async flow => void (await this.#run('conntrack', ending(flow))))
  }

  /** A few at a time. */
  async #each<T>(all: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
    const left = [...all]
    await Promise.all(
      Array.from({ length: limits.conntracksAtOnce }, async () => {
        for (let one = left.shift(); one !== undefined; one = left.shift()) await work(one)
      }),
    )
  }
}
