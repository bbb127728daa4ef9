import { digest } from '@sirocco/shared/kit/canonical.ts'
import { type Fault, ok, type Result } from '@sirocco/shared/kit/fault.ts'
import type { SeenHost } from '@sirocco/shared/wire/objects.ts'
import type { FoundMachine } from '../ports/compute.ts'
import type { Alarms } from './alarms.ts'
import { Gather } from './gather.ts'
import type { Journal } from './journal.ts'
import type { HostParts } from './reconciler.ts'
import type { Report } from './report.ts'

export interface HostWatchParts extends Pick<HostParts, 'host' | 'compute' | 'storage' | 'networks' | 'underlay' | 'log'> {
  readonly journal: Journal
  readonly report: Report
  readonly alarms: Alarms
  /** The host was heard: these machines changed; null: anything may have. */
  heard(changed: ReadonlySet<string> | null): void
  /** The host was rebooted under this agent: everything must be told again. */
  rebooted(): void
}

/** What one host is and what runs on it, as last heard; and whether anything may be done there at all. */
export class HostWatch {
  readonly #parts: HostWatchParts
  readonly #list: Gather<Result<readonly FoundMachine[]>>
  /** null: the hypervisor was not heard yet. */
  #found: ReadonlyMap<string, FoundMachine> | null = null
  #bootId: string | null = null
  #host: SeenHost | null = null
  #fault: Fault | null = null
  /** Was it told what is wanted since it was last known to run on? */
  #fresh = false
  /** Machines that had a disk before this life of the agent began: they are never taken for new. */
  #older: ReadonlySet<string> = new Set()
  #ended = false

  constructor(parts: HostWatchParts) {
    this.#parts = parts
    this.#list = new Gather(() => parts.compute.list())
  }

  /** Is anything known of what runs here? */
  get known(): boolean {
    return this.#found !== null && this.#host !== null
  }
  /** Does the hypervisor answer, as far as is known? */
  get answers(): boolean {
    return this.#found !== null && this.#fault === null
  }
  get fresh(): boolean {
    return this.#fresh
  }
  /** Nothing is done on a host that was rebooted, or whose state nobody knows, before it is told what is wanted now. */
  get frozen(): boolean {
    return this.#bootId === null || this.#parts.journal.bootId !== this.#bootId
  }
  machine(id: string): FoundMachine | undefined {
    return this.#found?.get(id)
  }
  machines(): readonly string[] {
    return [...(this.#found?.keys() ?? [])]
  }
  /** Whether a machine is here; as long as nobody knows, it may be. */
  mayHave(id: string): boolean {
    return this.#found?.has(id) ?? true
  }
  /** Was it here before this life of the agent? */
  isOlder(id: string): boolean {
    return this.#older.has(id) || this.#found?.has(id) === true
  }

  /** What is wanted now was told: the host may be worked on again. */
  async thaw(): Promise<void> {
    this.#fresh = true
    if (this.#bootId !== null) await this.#parts.journal.write([{ note: 'boot', bootId: this.#bootId }])
  }
  /** Whoever tells what is wanted is gone. */
  unsure(): void {
    this.#fresh = false
  }

  /** Reads what runs on the host; `all`: and what it is. */
  async look(all: boolean): Promise<void> {
    if (this.#ended) return
    try {
      if (all || !this.#host || this.#fault) {
        const printed = await this.#fingerprint()
        if (!printed.ok) return this.#silent(printed.fault)
      }
      await this.refresh()
    } catch (error) {
      this.#silent({ code: 'internal', message: 'the host cannot be read', detail: String(error) })
    }
  }

  /** Reads what runs on the host. */
  async refresh(): Promise<void> {
    const listed = await this.#list.call()
    if (this.#ended) return
    if (listed.ok) this.#heard(listed.value)
    else this.#silent(listed.fault)
  }

  /** Nothing is looked at any more. */
  end(): void {
    this.#ended = true
  }

  async #fingerprint(): Promise<Result<void>> {
    const { compute, storage, networks, host } = this.#parts
    const print = await compute.fingerprint()
    if (!print.ok) return print
    if (!this.#host) {
      const disks = await storage.list()
      if (!disks.ok) return disks
      this.#older = new Set(disks.value)
    }
    const rebooted = this.#bootId !== null && this.#bootId !== print.value.bootId
    this.#bootId = print.value.bootId
    this.#host = {
      kind: 'host',
      id: host.id,
      ...print.value,
      name: host.name,
      ...(this.#parts.underlay.address === null ? {} : { underlay: this.#parts.underlay.address }),
      diskMiB: await storage.capacityMiB(),
      warnings: [...(await networks.warnings())],
    }
    if (rebooted) {
      this.#fresh = false
      this.#parts.rebooted()
    } else if (this.#fresh && this.frozen) await this.thaw()
    return ok(undefined)
  }

  #heard(machines: readonly FoundMachine[]): void {
    if (!this.#host) return
    const before = this.#fault ? null : this.#found
    this.#parts.alarms.succeeded('host')
    this.#parts.alarms.cancel('host')
    this.#fault = null
    const found = new Map(machines.map(machine => [machine.id, machine]))
    this.#found = found
    this.#parts.report.put(this.#host)
    this.#parts.heard(before && changedBetween(before, found))
  }

  #silent(fault: Fault): void {
    if (this.#ended) return
    const { host, log, report, alarms } = this.#parts
    if (!this.#fault) log('warn', 'the hypervisor does not answer', { host: host.id, fault })
    this.#fault = fault
    if (this.#host && this.#found)
      report.put({ ...this.#host, warnings: [...this.#host.warnings, `the hypervisor does not answer: ${fault.message}`] })
    alarms.retry('host', () => void this.look(true))
  }
}

type Found = ReadonlyMap<string, FoundMachine>

const changedBetween = (before: Found, now: Found): ReadonlySet<string> =>
  new Set([...before.keys(), ...now.keys()].filter(id => digest(before.get(id) ?? null) !== digest(now.get(id) ?? null)))
