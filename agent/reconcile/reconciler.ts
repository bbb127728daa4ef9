import { digest } from '@sirocco/shared/kit/canonical.ts'
import type { Timers } from '@sirocco/shared/kit/clock.ts'
import { type Fault, ok, type Result } from '@sirocco/shared/kit/fault.ts'
import type { Random } from '@sirocco/shared/kit/random.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import type { Delta, ObjectSet } from '@sirocco/shared/wire/delta.ts'
import type { Seen, SeenHost, Wanted, WantedMachine } from '@sirocco/shared/wire/objects.ts'
import type { Compute, FoundMachine } from '../ports/compute.ts'
import type { Disk } from '../ports/disk.ts'
import type { NetworkOnHost, Networks } from '../ports/network.ts'
import type { Storage } from '../ports/storage.ts'
import { Alarms } from './alarms.ts'
import { type Attempt, executors, isMachineStep } from './apply.ts'
import { type Entry, noFacts } from './facts.ts'
import { Gather } from './gather.ts'
import { Held } from './held.ts'
import { type FetchImage, ImageRoom } from './image-room.ts'
import { Journal } from './journal.ts'
import { NetworkRoom, passing } from './network-room.ts'
import { isOn, noticed, type Plan, plan, type Step, type View } from './plan.ts'
import { Report } from './report.ts'

export type Log = (level: 'info' | 'warn' | 'error', message: string, more?: Readonly<Record<string, unknown>>) => void

/** One host and everything to work on it with. */
export interface HostParts {
  readonly host: { readonly id: string; readonly name: string }
  readonly compute: Compute
  readonly storage: Storage
  readonly networks: Networks
  readonly disk: Disk
  readonly fetchImage: FetchImage
  readonly timers: Timers
  readonly random: Random
  readonly log: Log
}

interface Work {
  /** Asked for again while it was under way. */
  again: boolean
  /** For an image that others may wait for, too: it takes no lane meanwhile. */
  waiting: boolean
  /** Called when a newer intent is here; what only waits stops waiting. */
  interrupt: () => void
}

/**
 * Keeps one host as it is wanted: level-triggered, one machine at a time per machine, woken by changes of either side and by time.
 * Nothing begins before the host's own state is known, nor after a reboot of the host before a fresh word of what is wanted.
 */
export class Reconciler {
  readonly #parts: HostParts
  readonly #journal: Journal
  readonly #held: Held
  readonly #networks: NetworkRoom
  readonly #images: ImageRoom
  readonly #list: Gather<Result<readonly FoundMachine[]>>
  /** null: the hypervisor was not heard yet. */
  #found: ReadonlyMap<string, FoundMachine> | null = null
  #bootId: string | null = null
  #host: SeenHost | null = null
  #hostFault: Fault | null = null
  /** Was it told what is wanted since it was last known to run on? */
  #fresh = false
  #stale: () => void = () => {}
  /** Machines that had a disk before this life of the agent began: they are never taken for new. */
  #older: ReadonlySet<string> = new Set()
  readonly #working = new Map<string, Work>()
  readonly #queue = new Set<string>()
  readonly #report: Report
  readonly #alarms: Alarms
  readonly #unplugged = new Set<string>()
  #stopped = false

  private constructor(parts: HostParts, journal: Journal, held: Held) {
    this.#parts = parts
    this.#journal = journal
    this.#held = held
    this.#networks = new NetworkRoom(parts.networks, () => this.#networksWanted())
    this.#images = new ImageRoom(parts.storage, parts.fetchImage)
    this.#list = new Gather(() => parts.compute.list())
    this.#report = new Report(parts.timers)
    this.#alarms = new Alarms(parts.timers, parts.random)
  }

  /** The host as the last life of this agent left it; `start` sets it going. */
  static async open(parts: HostParts): Promise<Reconciler> {
    const { disk, host } = parts
    return new Reconciler(
      parts,
      await Journal.open(disk, `journal-${host.id}.jsonl`),
      await Held.open(disk, `desired-${host.id}.json`),
    )
  }

  get id(): string {
    return this.#parts.host.id
  }
  get name(): string {
    return this.#parts.host.name
  }
  get compute(): Compute {
    return this.#parts.compute
  }

  start(): void {
    this.#parts.compute.watch(id => void this.#look(id === null))
    void this.#look(true)
    this.#sweepLater()
  }

  /** Ends all waiting; what is under way ends by itself. Machines keep running. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#alarms.end()
    for (const work of this.#working.values()) work.interrupt()
    await this.#parts.compute.close()
  }

  /** Of what is held; null where everything must be told: nothing is held, or the host was rebooted since. */
  desiredDigest(): string | null {
    return this.#frozen() ? null : this.#held.digest
  }

  /** Takes in what is wanted now. False: this changes something that is not held here; everything must be told. */
  async desire(delta: Delta<Wanted>): Promise<boolean> {
    this.#alarms.cancel('parts')
    if (this.#frozen() && !this.#fresh && delta.base !== null && !this.#held.arriving) return false
    const taken = this.#held.take(delta)
    if (taken === 'resync') return false
    if (taken === 'whole') await this.#commit()
    else this.#alarms.in(limits.partsHold, 'parts', () => void this.#commit().catch(error => this.#failed('desired', error)))
    return true
  }

  /** The link that told the last parts is gone. */
  abandon(): void {
    this.#alarms.cancel('parts')
    this.#held.abandon()
    this.#fresh = false
  }

  /** Everything seen on this host; null while it is not known yet. */
  seen(): ObjectSet<Seen> | null {
    return this.#found && this.#host ? this.#report.seen : null
  }
  /** Calls back after each change of `seen`. */
  onSeen(told: () => void): void {
    this.#report.onChange(told)
  }
  /** Calls back when everything must be told again: the host was rebooted under this agent. */
  onStale(stale: () => void): void {
    this.#stale = stale
  }

  async #commit(): Promise<void> {
    const before = new Map(this.#held.machines().map(machine => [machine.id, machine.generation]))
    await this.#held.commit(id => this.#found?.has(id) ?? true)
    if (this.#stopped) return
    for (const machine of this.#held.machines())
      if (before.get(machine.id) !== machine.generation) {
        this.#alarms.succeeded(machine.id)
        this.#working.get(machine.id)?.interrupt()
      }
    if (this.#frozen()) await this.#thaw()
    this.#wakeAll()
    // A machine that is made meanwhile has its networks made, and all others with them.
    const begun = this.#networks.begun
    this.#alarms.in(limits.networksHold, 'networks', () => {
      if (this.#networks.begun === begun) void this.#settleNetworks()
    })
  }

  /** Nothing is done on a host that was rebooted, or whose state nobody knows, before it is told what is wanted now. */
  #frozen(): boolean {
    return this.#bootId === null || this.#journal.bootId !== this.#bootId
  }
  async #thaw(): Promise<void> {
    this.#fresh = true
    if (this.#bootId !== null) await this.#journal.write([{ note: 'boot', bootId: this.#bootId }])
  }

  /** Reads the host's state and wakes what differs from before. */
  async #look(all: boolean): Promise<void> {
    if (this.#stopped) return
    try {
      if (all || !this.#host || this.#hostFault) {
        const printed = await this.#fingerprint()
        if (!printed.ok) return this.#silent(printed.fault)
      }
      const listed = await this.#list.call()
      if (this.#stopped) return
      if (!listed.ok) return this.#silent(listed.fault)
      this.#heard(listed.value)
    } catch (error) {
      this.#silent({ code: 'internal', message: 'the host cannot be read', detail: String(error) })
    }
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
      diskMiB: await storage.capacityMiB(),
      warnings: [...(await networks.warnings())],
    }
    if (rebooted) {
      this.#fresh = false
      this.#stale()
    } else if (this.#fresh && this.#frozen()) await this.#thaw()
    return ok(undefined)
  }

  #heard(machines: readonly FoundMachine[]): void {
    if (!this.#host) return
    const before = this.#hostFault ? null : this.#found
    this.#alarms.succeeded('host')
    this.#alarms.cancel('host')
    this.#hostFault = null
    const found = new Map(machines.map(machine => [machine.id, machine]))
    this.#found = found
    this.#held.forgetStrays(id => found.has(id))
    if (!before) {
      for (const id of this.#ids()) this.#show(id)
      this.#wakeAll()
      void this.#settleNetworks()
    }
    this.#report.put(this.#host)
    if (!before) return
    for (const id of new Set([...before.keys(), ...this.#found.keys()]))
      if (digest(before.get(id) ?? null) !== digest(this.#found.get(id) ?? null)) this.#wake(id)
  }

  #silent(fault: Fault): void {
    if (this.#stopped) return
    if (!this.#hostFault) this.#parts.log('warn', 'the hypervisor does not answer', { host: this.id, fault })
    this.#hostFault = fault
    if (this.#host && this.#found)
      this.#report.put({ ...this.#host, warnings: [...this.#host.warnings, `the hypervisor does not answer: ${fault.message}`] })
    this.#alarms.retry('host', () => void this.#look(true))
  }

  #wakeAll(): void {
    if (!this.#found) return
    const ids = this.#ids()
    for (const id of ids) this.#wake(id)
    for (const id of this.#report.machines()) if (!ids.has(id)) this.#report.forget(id)
  }

  #ids(): ReadonlySet<string> {
    return new Set([...this.#held.machines().map(m => m.id), ...(this.#found?.keys() ?? []), ...this.#journal.machines()])
  }

  #wake(id: string): void {
    if (this.#stopped || !this.#found) return
    const work = this.#working.get(id)
    if (work) work.again = true
    else this.#queue.add(id)
    this.#fill()
  }

  #fill(): void {
    for (const id of this.#queue) {
      if ([...this.#working.values()].filter(work => !work.waiting).length >= limits.agentLanes) return
      this.#queue.delete(id)
      const work: Work = { again: false, waiting: false, interrupt: () => {} }
      this.#working.set(id, work)
      void this.#work(id, work)
        .catch(error => {
          this.#failed(id, error)
          this.#tell(id, 'waiting: something unexpected happened on the host')
          this.#retry(id)
        })
        .finally(() => {
          this.#working.delete(id)
          if (work.again) this.#queue.add(id)
          if (!this.#stopped) this.#fill()
        })
    }
  }

  /** Plans and applies, over and over, until nothing is left to do for this machine just now. */
  async #work(id: string, work: Work): Promise<void> {
    this.#alarms.cancel(id)
    while (!this.#stopped && this.#found && !this.#hostFault) {
      work.again = false
      await this.#notice(id)
      const view = this.#view(id)
      if (await this.#forgotten(view)) return
      const next = this.#frozen() ? { steps: [] } : plan(view)
      this.#show(id)
      if (next.wakeMs !== undefined) this.#alarms.in(next.wakeMs, id, () => this.#wake(id))
      const machine = this.#held.machine(id)
      if (!machine || (next.steps.length === 0 && !next.settle)) return
      const refused = await this.#follow(machine, next, work)
      if (refused && !(await this.#refused(machine, refused))) return
    }
  }

  /** Writes down what changed by itself. Of an orphan nothing is written. */
  async #notice(id: string): Promise<void> {
    const known = this.#journal.facts(id) !== undefined
    if (!known && !this.#held.machine(id)) return
    const adopted = !known && (this.#older.has(id) || this.#found?.has(id))
    if (adopted) await this.#journal.write([{ note: 'adopted', machine: id }])
    const change = noticed(this.#view(id))
    if (change) await this.#journal.write([change])
  }

  /** What was removed, and is asked for no longer, leaves the journal. */
  async #forgotten({ id, wanted, found, facts }: View): Promise<boolean> {
    if (wanted || found) return false
    if (facts !== noFacts) await this.#journal.write([{ note: 'forget', machine: id }])
    this.#unplugged.delete(id)
    this.#alarms.succeeded(id)
    this.#report.forget(id)
    return true
  }

  /** Does the steps in their order; ends early, and well, where a newer intent has come or this life ends. */
  async #follow(machine: WantedMachine, { steps, settle }: Plan, work: Work): Promise<StepFault | null> {
    const { id, generation } = machine
    const attempt = this.#attempt(machine)
    const interrupted = new Promise<'interrupted'>(resolve => {
      work.interrupt = () => resolve('interrupted')
    })
    const superseded = () => this.#stopped || this.#held.machine(id)?.generation !== generation
    let owed: Entry[] = []
    for (const step of steps) {
      if (superseded()) break
      if (isMachineStep(step)) {
        await this.#journal.write([...owed, { note: 'intent', machine: id, generation, step, at: this.#parts.timers.now() }])
        owed = []
      }
      if (superseded()) break
      const outcome = await (step === 'fetch' ? this.#fetch(attempt, work, interrupted) : executors[step](attempt))
      if (outcome === 'interrupted') break
      if (!outcome.ok) {
        await this.#journal.write(owed)
        await this.#refresh()
        return { step, fault: outcome.fault }
      }
      if (isMachineStep(step)) owed.push({ note: 'done', machine: id, generation, step })
      if (touches(step)) await this.#refresh()
    }
    this.#tell(id, null)
    const settles = settle && !superseded()
    if (settles) owed.push({ note: 'settled', machine: id, generation, ...(settle.fault ? { fault: settle.fault } : {}) })
    await this.#journal.write(owed)
    if (settles || steps.length > 0) this.#alarms.succeeded(id)
    return null
  }

  async #fetch<T>(attempt: Attempt, work: Work, interrupted: Promise<T>): Promise<Result<void> | T> {
    work.waiting = true
    this.#fill()
    try {
      return await Promise.race([executors.fetch(attempt), interrupted])
    } finally {
      work.waiting = false
    }
  }

  #attempt(machine: WantedMachine): Attempt {
    const { compute, storage, networks } = this.#parts
    return {
      machine,
      compute,
      storage,
      networks: {
        room: this.#networks,
        find: id => this.#held.network(id),
        plug: (port, network) => networks.plug(port, network),
      },
      images: this.#images,
      progress: text => this.#tell(machine.id, text),
      carryPorts: carry => {
        if (carry) this.#unplugged.delete(machine.id)
        else this.#unplugged.add(machine.id)
      },
      files: null,
      plugged: Promise.resolve(ok(undefined)),
    }
  }

  /** After a fault: true where there is something else to do at once, false where it must wait or is over. */
  async #refused(machine: WantedMachine, { step, fault }: StepFault): Promise<boolean> {
    const { id, generation } = machine
    const facts = this.#journal.facts(id) ?? noFacts
    this.#parts.log(passing(fault) ? 'info' : 'warn', `${step} refused`, { machine: id, generation, fault })
    const removing = machine.power === 'gone' || facts.failing !== undefined
    if (passing(fault) || removing) {
      this.#tell(id, `waiting: ${fault.message}`)
      this.#retry(id)
      return false
    }
    this.#tell(id, null)
    // Somebody else started it meanwhile: look again at what is there.
    const there = this.#found?.get(id)
    if (machine.power === 'on' && isOn(there) && there?.power !== 'paused') return true
    const note = facts.ran || machine.power !== 'on' ? 'settled' : 'failing'
    await this.#journal.write([{ note, machine: id, generation, fault: wireFault(fault) }])
    this.#alarms.succeeded(id)
    return true
  }

  #retry(id: string): void {
    this.#alarms.retry(id, () => this.#wake(id))
  }

  async #refresh(): Promise<void> {
    const listed = await this.#list.call()
    if (this.#stopped) return
    if (listed.ok) this.#heard(listed.value)
    else this.#silent(listed.fault)
  }

  async #settleNetworks(): Promise<void> {
    if (this.#stopped || this.#frozen() || this.#held.digest === null) return
    try {
      const settled = await this.#networks.settle()
      const faults = settled.ok ? [...settled.value] : [['all', settled.fault] as const]
      for (const [network, fault] of faults)
        this.#parts.log('warn', 'a network cannot be made', { host: this.id, network, fault })
    } catch (error) {
      this.#failed('networks', error)
    }
  }

  /** Every network that is wanted here, or that something here still plugs into, with its ports. */
  #networksWanted(): NetworkOnHost[] {
    const strays = this.#held.strayMachines().filter(machine => this.#found?.has(machine.id) ?? true)
    const machines = [...this.#held.machines().filter(machine => this.#carries(machine)), ...strays]
    return this.#held.networks().flatMap(network => {
      const ports = machines.flatMap(machine =>
        machine.ports.filter(port => port.network === network.id).map(port => ({ ...port, hostname: machine.name })),
      )
      return network.gone && ports.length === 0 ? [] : [{ network, ports }]
    })
  }

  #carries(machine: WantedMachine): boolean {
    if (this.#unplugged.has(machine.id)) return false
    const facts = this.#journal.facts(machine.id) ?? noFacts
    if (this.#found?.has(machine.id)) return true
    if (facts.applied < machine.generation) return machine.power !== 'gone'
    return machine.power !== 'gone' && (facts.fault === undefined || facts.ran)
  }

  #view(id: string): View {
    const facts = this.#journal.facts(id) ?? noFacts
    return { id, wanted: this.#held.machine(id), found: this.#found?.get(id), facts, now: this.#parts.timers.now() }
  }

  #tell(id: string, text: string | null): void {
    if (this.#stopped) return
    if (text === null) this.#report.progressEnds(id)
    else if (this.#report.progress(id, text)) this.#show(id)
  }

  #show(id: string): void {
    this.#report.show(this.#view(id), this.#held.machine(id))
  }

  #sweepLater(): void {
    this.#alarms.in(limits.agentSweep, 'sweep', () => {
      this.#sweepLater()
      void this.#look(true).then(() => this.#wakeAll())
      void this.#settleNetworks()
    })
  }

  #failed(what: string, error: unknown): void {
    this.#parts.log('error', 'unexpected', { host: this.id, what, error: error instanceof Error ? error.stack : String(error) })
  }
}

/** Steps after which the hypervisor must be looked at before anything is said. */
const touches = (step: Step): boolean => ['start', 'pause', 'suspend', 'cut', 'undefine'].includes(step)

interface StepFault {
  readonly step: Step
  readonly fault: Fault
}

/** As it goes into frames, a full one of which has room for as many. */
const wireFault = ({ code, message, detail }: Fault) => ({
  code,
  message: message.slice(0, 500),
  ...(detail === undefined ? {} : { detail: detail.slice(0, 2_000) }),
})
