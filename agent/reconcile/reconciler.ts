import { digest } from '@sirocco/shared/kit/canonical.ts'
import type { Timers } from '@sirocco/shared/kit/clock.ts'
import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Random } from '@sirocco/shared/kit/random.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import type { BackupResult, WantedBackup } from '@sirocco/shared/wire/backups.ts'
import type { Delta, ObjectSet } from '@sirocco/shared/wire/delta.ts'
import type { ImportResult, WantedImport } from '@sirocco/shared/wire/imports.ts'
import type { Seen, Wanted, WantedMachine } from '@sirocco/shared/wire/objects.ts'
import { groupsOf } from '../network/groups-of.ts'
import type { Backups } from '../ports/backups.ts'
import type { Compute } from '../ports/compute.ts'
import type { Disk } from '../ports/disk.ts'
import type { Importer } from '../ports/importer.ts'
import type { Underlay } from '../ports/move.ts'
import type { NetworkOnHost, Networks } from '../ports/network.ts'
import type { Storage } from '../ports/storage.ts'
import type { FrozenDisk, Volumes } from '../ports/volumes.ts'
import { Alarms } from './alarms.ts'
import type { Attempt } from './apply.ts'
import { BackupRoom } from './backup-room.ts'
import { backingUp, importing } from './crafts.ts'
import { Exclusive } from './exclusive.ts'
import { noFacts } from './facts.ts'
import { follow, type StepFault } from './follow.ts'
import { Held } from './held.ts'
import { HostWatch } from './host-watch.ts'
import { ImageCache } from './image-cache.ts'
import { type FetchImage, ImageRoom } from './image-room.ts'
import { Journal } from './journal.ts'
import { Lanes, type Turn } from './lanes.ts'
import { type Metered, meteredOf } from './metered.ts'
import { Moves } from './moves.ts'
import { NetworkRoom, passing } from './network-room.ts'
import { Orphans } from './orphans.ts'
import { isOn, noticed, type Plan, plan, type View } from './plan.ts'
import { PoolWatch } from './pool-watch.ts'
import { Report } from './report.ts'
import { VolumeKeeper } from './volumes/keeper.ts'
import { wireFault } from './wire-fault.ts'
import { WorkKeeper } from './work.ts'

export type Log = (level: 'info' | 'warn' | 'error', message: string, more?: Readonly<Record<string, unknown>>) => void

/** One host and everything to work on it with. */
export interface HostParts {
  readonly host: { readonly id: string; readonly name: string }
  readonly compute: Compute
  readonly storage: Storage
  readonly volumes: Volumes
  readonly networks: Networks
  readonly underlay: Underlay
  readonly disk: Disk
  readonly fetchImage: FetchImage
  /** Makes images of what people bring; null where this agent does not. */
  readonly importer?: Importer | null
  /** Takes backups and gives them back; null where this agent does not. */
  readonly backups?: Backups | null
  /** ms from the start of a machine in rescue until it is given its own disk; `limits.rescueBoot` unless said. */
  readonly rescueBoot?: number | undefined
  readonly timers: Timers
  readonly random: Random
  readonly log: Log
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
  readonly #cache: ImageCache
  readonly #images: ImageRoom
  readonly #report: Report
  readonly #alarms: Alarms
  readonly #host: HostWatch
  readonly #lanes: Lanes
  readonly #machines = new Exclusive()
  readonly #volumes: VolumeKeeper
  readonly #imports: WorkKeeper<WantedImport, ImportResult>
  readonly #backups: WorkKeeper<WantedBackup, BackupResult>
  readonly #restores: BackupRoom
  readonly #pools: PoolWatch
  #swept = false
  readonly #moves: Moves
  readonly #orphans: Orphans
  readonly #unplugged = new Set<string>()
  #stale: () => void = () => {}
  #stopped = false

  private constructor(parts: HostParts, journal: Journal, held: Held) {
    this.#parts = parts
    this.#journal = journal
    this.#held = held
    this.#networks = new NetworkRoom(parts.networks, () => this.#networksWanted())
    this.#cache = new ImageCache({ ...parts, journal, clock: parts.timers, needed: () => this.#imagesNeeded() })
    this.#images = new ImageRoom(parts.storage, parts.fetchImage, this.#cache)
    this.#report = new Report(parts.timers)
    this.#alarms = new Alarms(parts.timers, parts.random)
    const volumesOf = (machine: string) => held.volumes().filter(({ attached, gone }) => attached?.machine === machine && !gone)
    this.#moves = new Moves({ ...parts, journal, volumesOf, progress: (id, text) => this.#tell(id, text) })
    this.#host = new HostWatch({
      ...parts,
      journal,
      report: this.#report,
      alarms: this.#alarms,
      heard: changed => this.#heard(changed),
      rebooted: () => this.#stale(),
    })
    this.#restores = new BackupRoom(parts.backups ?? null)
    this.#volumes = new VolumeKeeper({
      ...parts,
      restores: this.#restores,
      journal,
      held,
      watch: this.#host,
      images: this.#images,
      report: this.#report,
      machines: this.#machines,
    })
    this.#pools = new PoolWatch(parts.volumes, this.#report, parts.timers)
    this.#orphans = new Orphans({ ...parts, journal, stray: id => held.stray(id) })
    const works = [(id: string) => this.#frozen(id), this.#report, parts.timers] as const
    this.#imports = new WorkKeeper(importing(parts.importer ?? null), ...works)
    this.#backups = new WorkKeeper(backingUp(parts.backups ?? null), ...works)
    this.#lanes = new Lanes((id, turn) => this.#work(id, turn).catch(error => this.#stumbled(id, error)))
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
    this.#parts.compute.watch(id => void this.#host.look(id === null))
    void this.#host.look(true)
    this.#imports.wanted(this.#held.imports())
    this.#backups.wanted(this.#held.backups())
    this.#pools.wanted(this.#held.pools())
    void this.#parts.volumes.keepOnly(this.#held.pools().map(({ id }) => id)).catch(() => undefined)
    this.#sweepLater()
  }

  /**
   * Ends this life, within a few seconds: what is under way comes to the end of its step, a removal to its own, and networks that no machine
   * here needs go. Machines keep running.
   */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#alarms.end()
    this.#imports.end()
    this.#backups.end()
    this.#restores.end()
    this.#pools.end()
    this.#moves.end()
    this.#host.end()
    await within(limits.agentFarewell, this.#parts.timers, this.#leave())
    await this.#parts.compute.close()
  }
  async #leave(): Promise<void> {
    await Promise.all([this.#lanes.end(), this.#volumes.end()])
    await this.#settleNetworks()
  }

  /** Of what is held; null where everything must be told: nothing is held, or the host was rebooted since. */
  desiredDigest(): string | null {
    return this.#host.frozen ? null : this.#held.digest
  }

  /** Takes in what is wanted now. False: this changes something that is not held here; everything must be told. */
  async desire(delta: Delta<Wanted>): Promise<boolean> {
    this.#alarms.cancel('parts')
    if (this.#host.frozen && !this.#host.fresh && delta.base !== null && !this.#held.arriving) return false
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
    this.#host.unsure()
  }

  /** Everything seen on this host; null while it is not known yet. */
  seen(): ObjectSet<Seen> | null {
    return this.#host.known ? this.#report.seen : null
  }
  /** What of this host is billed now; null while that is not known. */
  metered(): Metered | null {
    return this.#host.answers && this.#held.digest !== null ? meteredOf(this.#host, this.#held, this.#report.seen.values()) : null
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
    const moving = new Set(this.#held.machines().flatMap(({ id, move }) => (move ? [id] : [])))
    const kept = new Map([...this.#held.volumes(), ...this.#held.snapshots()].map(one => [one.id, digest(one)]))
    await this.#held.commit(id => this.#host.mayHave(id))
    if (this.#stopped) return
    for (const machine of this.#held.machines()) {
      this.#moves.heed(machine)
      if (before.get(machine.id) !== machine.generation) {
        this.#alarms.succeeded(machine.id)
        this.#lanes.interrupt(machine.id)
      }
    }
    const frozen = this.#host.frozen
    if (frozen) await this.#host.thaw()
    this.#wakeAll()
    if (frozen) this.#volumes.wakeAll()
    this.#volumes.wanted(this.#volumesChanged(kept))
    this.#sweepImports()
    this.#imports.wanted(this.#held.imports())
    this.#backups.wanted(this.#held.backups())
    this.#pools.wanted(this.#held.pools())
    this.#restores.wanted(this.#kept())
    if (moving.size > 0) this.#volumes.machinesChanged(moving)
    // A machine that is made meanwhile has its networks made, and all others with them.
    const begun = this.#networks.begun
    this.#alarms.in(limits.networksHold, 'networks', () => {
      if (this.#networks.begun === begun) void this.#settleNetworks()
    })
  }

  /** Drops, once in a life, what earlier ones left of imports that nobody wants any more. */
  #sweepImports(): void {
    if (this.#swept) return
    this.#swept = true
    void this.#parts.importer?.keepOnly(this.#held.imports().map(({ id }) => id)).catch(() => undefined)
  }

  /** Backups that are taken here, and volumes that are made from some. */
  #kept(): string[] {
    const restored = this.#held.volumes().filter(({ gone, source }) => !gone && source.from === 'backup')
    return [...this.#held.backups(), ...restored].map(({ id }) => id)
  }

  /** Volumes that are wanted otherwise than `before`, or of which a snapshot is. */
  #volumesChanged(before: Map<string, string>): Set<string> {
    const changed = new Set<string>()
    for (const one of [...this.#held.volumes(), ...this.#held.snapshots()]) {
      if (before.get(one.id) !== digest(one)) changed.add(one.kind === 'volume' ? one.id : one.volume)
      before.delete(one.id)
    }
    // What is wanted no more is forgotten.
    for (const id of before.keys()) changed.add(id)
    return changed
  }

  /** Wakes what is not as it was before. */
  #heard(changed: ReadonlySet<string> | null): void {
    this.#held.forgetStrays(id => this.#host.mayHave(id))
    if (changed) {
      for (const id of changed) this.#lanes.wake(id)
      if (changed.size > 0) this.#volumes.machinesChanged(changed)
      return
    }
    for (const id of this.#ids()) this.#show(id)
    this.#wakeAll()
    this.#volumes.wakeAll()
    void this.#settleNetworks()
  }

  #wakeAll(): void {
    if (!this.#host.known) return
    const ids = this.#ids()
    for (const id of ids) this.#lanes.wake(id)
    for (const id of this.#report.machines()) if (!ids.has(id)) this.#report.forget(id)
  }

  #ids(): ReadonlySet<string> {
    return new Set([...this.#held.machines().map(m => m.id), ...this.#host.machines(), ...this.#journal.machines()])
  }

  /** Plans and applies, over and over, until nothing is left to do for this machine just now. */
  async #work(id: string, turn: Turn): Promise<void> {
    this.#alarms.cancel(id)
    while (!this.#stopped && this.#host.answers) {
      turn.again = false
      await this.#notice(id)
      const view = this.#view(id)
      if (await this.#forgotten(view)) return
      const next = this.#host.frozen ? { steps: [] } : plan(view)
      this.#show(id)
      if (next.wakeMs !== undefined) this.#alarms.in(next.wakeMs, id, () => this.#lanes.wake(id))
      const machine = this.#held.machine(id)
      if (!machine && !(await this.#foundToo(id))) return this.#retry(id)
      if (!machine || (next.steps.length === 0 && !next.settle)) return
      const refused = await this.#follow(machine, next, turn)
      if (refused && !(await this.#refused(machine, refused))) return
    }
  }

  /** Of a machine that nobody asks for, what it is made of is said once it is read; false: it cannot be read now. */
  async #foundToo(id: string): Promise<boolean> {
    const found = this.#host.machine(id)
    if (!found || this.#held.digest === null) return true
    const looked = await this.#orphans.look(found)
    if (looked.ok && looked.value) this.#show(id)
    return looked.ok
  }

  #stumbled(id: string, error: unknown): void {
    this.#failed(id, error)
    this.#tell(id, 'waiting: something unexpected happened on the host')
    this.#retry(id)
  }

  /** Writes down what changed by itself. Of an orphan nothing is written. */
  async #notice(id: string): Promise<void> {
    const known = this.#journal.facts(id) !== undefined
    if (!known && !this.#held.machine(id)) return
    if (!known && this.#host.isOlder(id)) await this.#journal.write([{ note: 'adopted', machine: id }])
    const machine = this.#held.machine(id)
    if (machine) await this.#moves.lost(machine, this.#view(id).facts)
    const change = noticed(this.#view(id))
    if (change) await this.#journal.write([change])
  }

  /** What was removed, and is asked for no longer, leaves the journal. */
  async #forgotten({ id, wanted, found, facts }: View): Promise<boolean> {
    if (wanted || found) return false
    await this.#moves.forget(id)
    if (facts !== noFacts) await this.#journal.write([{ note: 'forget', machine: id }])
    this.#unplugged.delete(id)
    this.#orphans.forget(id)
    this.#alarms.succeeded(id)
    this.#report.forget(id)
    return true
  }

  async #follow(machine: WantedMachine, next: Plan, turn: Turn): Promise<StepFault | null> {
    const { id, generation, power } = machine
    // A removal is quick, and what it leaves half-done nobody needs.
    const over = () => this.#stopped && power !== 'gone'
    const refused = await follow(this.#attempt(machine), next, {
      journal: this.#journal,
      clock: this.#parts.timers,
      superseded: () => over() || this.#held.machine(id)?.generation !== generation,
      aside: wait => this.#lanes.aside(turn, wait),
      apart: work => this.#lanes.apart(turn, work),
      refresh: () => this.#host.refresh(),
    })
    if (!refused) this.#alarms.succeeded(id)
    return refused
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
      disks: () => this.#volumes.disksOf(machine),
      still: () => this.#volumes.still(machine.id),
      alone: run => this.#machines.run(machine.id, run),
      moves: this.#moves,
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
    if (machine.move?.role === 'to') {
      await this.#moves.cannot(machine, fault)
      return false
    }
    // Somebody else started it meanwhile: look again at what is there.
    const there = this.#host.machine(id)
    if (machine.power === 'on' && isOn(there) && there?.power !== 'paused') return true
    const note = facts.ran || machine.power !== 'on' ? 'settled' : 'failing'
    await this.#journal.write([{ note, machine: id, generation, fault: wireFault(fault) }])
    this.#alarms.succeeded(id)
    return true
  }

  async #frozen(id: string): Promise<Result<FrozenDisk>> {
    const snapshot = this.#held.snapshots().find(one => one.id === id && !one.gone)
    return snapshot ? this.#parts.volumes.frozen(snapshot) : refuse('unavailable', 'waiting for the snapshot to be made')
  }

  #retry(id: string): void {
    this.#alarms.retry(id, () => this.#lanes.wake(id))
  }

  async #settleNetworks(): Promise<void> {
    if (this.#host.frozen || this.#held.digest === null) return
    try {
      const settled = await this.#networks.settle()
      const faults = settled.ok ? [...settled.value] : [['all', settled.fault] as const]
      for (const [network, fault] of faults)
        this.#parts.log('warn', 'a network cannot be made', { host: this.id, network, fault })
    } catch (error) {
      this.#failed('networks', error)
    }
  }

  /** Every network that is wanted here, or that something here still plugs into, with its ports; at the end only the latter. */
  #networksWanted(): NetworkOnHost[] {
    const strays = this.#held.strayMachines().filter(machine => this.#host.mayHave(machine.id))
    const machines = [...this.#held.machines().filter(machine => this.#carries(machine)), ...strays]
    const groups = this.#held.groups()
    const neighbours = Map.groupBy(this.#held.neighbours(), ({ network }) => network)
    return this.#held.networks().flatMap(network => {
      const ports = machines.flatMap(machine =>
        machine.ports.filter(port => port.network === network.id).map(port => ({ ...port, hostname: machine.name })),
      )
      const others = neighbours.get(network.id) ?? []
      return ports.length === 0 && (network.gone || this.#stopped)
        ? []
        : [{ network, ports, neighbours: others, groups: groupsOf(ports, groups) }]
    })
  }

  #carries(machine: WantedMachine): boolean {
    if (this.#unplugged.has(machine.id)) return false
    const facts = this.#journal.facts(machine.id) ?? noFacts
    if (this.#host.machine(machine.id)) return true
    if (facts.applied < machine.generation) return machine.power !== 'gone'
    return machine.power !== 'gone' && (facts.fault === undefined || facts.ran)
  }

  /** Image files of all that is wanted here; null while that is not known, or something runs here that nobody knows of. */
  #imagesNeeded(): ReadonlySet<string> | null {
    if (!this.#host.known || this.#host.frozen || this.#held.digest === null || this.#held.arriving) return null
    const machines = [...this.#held.machines().filter(({ power }) => power !== 'gone'), ...this.#held.strayMachines()]
    const known = new Set([...this.#held.machines(), ...this.#held.strayMachines()].map(({ id }) => id))
    if ([...this.#host.machines()].some(id => !known.has(id))) return null
    const volumes = this.#held.volumes().filter(({ gone }) => !gone)
    const files = [
      ...machines.flatMap(({ image }) => image.files),
      ...volumes.flatMap(({ source }) => (source.from === 'image' ? source.files : [])),
    ]
    return new Set(files.map(({ sha256 }) => sha256))
  }

  #view(id: string): View {
    const facts = this.#journal.facts(id) ?? noFacts
    const machine = this.#held.machine(id)
    const wanted = machine && { ...machine, move: machine.move && { ...machine.move, listening: this.#moves.listens(machine) } }
    return { id, wanted, found: this.#host.machine(id), facts, now: this.#parts.timers.now() }
  }

  #tell(id: string, text: string | null): void {
    if (this.#stopped) return
    if (text === null) this.#report.progressEnds(id)
    else if (this.#report.progress(id, text)) this.#show(id)
  }

  #show(id: string): void {
    const machine = this.#held.machine(id)
    const view = this.#view(id)
    const told = machine ? { move: this.#moves.seen(machine, view.facts) } : { found: this.#orphans.of(id) }
    this.#report.show(view, machine, told)
  }

  #sweepLater(): void {
    this.#alarms.in(limits.agentSweep, 'sweep', () => {
      this.#sweepLater()
      void this.#host.look(true).then(() => {
        this.#wakeAll()
        this.#volumes.wakeAll()
      })
      void this.#settleNetworks()
      if (!this.#stopped) void this.#cache.evict()
    })
  }

  #failed(what: string, error: unknown): void {
    this.#parts.log('error', 'unexpected', { host: this.id, what, error: error instanceof Error ? error.stack : String(error) })
  }
}

/** Waits for `work`, but not longer than this; then it goes on by itself. */
async function within(ms: number, timers: Timers, work: Promise<void>): Promise<void> {
  let timer = { cancel: () => {} }
  const over = new Promise<void>(resolve => {
    timer = timers.after(ms, resolve)
  })
  await Promise.race([work, over])
  timer.cancel()
}
