import { type Fault, ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { rescuedDevice } from '@sirocco/shared/model/volumes/rescued.ts'
import { isSharedPool } from '@sirocco/shared/model/volumes/states.ts'
import type { SeenVolume, WantedMachine, WantedSnapshot, WantedVolume } from '@sirocco/shared/wire/objects.ts'
import type { MachineDisk } from '../../ports/compute.ts'
import type { FoundVolume, OfMoment, OpenIn, Volumes } from '../../ports/volumes.ts'
import { Alarms } from '../alarms.ts'
import type { BackupRoom } from '../backup-room.ts'
import type { Exclusive } from '../exclusive.ts'
import type { Held } from '../held.ts'
import type { HostWatch } from '../host-watch.ts'
import type { ImageRoom } from '../image-room.ts'
import type { Journal } from '../journal.ts'
import { Lanes, type Turn } from '../lanes.ts'
import { passing } from '../network-room.ts'
import { isOn } from '../plan.ts'
import type { HostParts } from '../reconciler.ts'
import type { Report } from '../report.ts'
import { wireFault } from '../wire-fault.ts'
import { noVolumeFacts, type VolumeFacts } from './facts.ts'
import { mergeBy } from './merges.ts'
import { type Action, goesBack, type PluggedInto, planVolume, type VolumeView } from './plan.ts'

export interface KeeperParts extends Pick<HostParts, 'host' | 'compute' | 'timers' | 'random' | 'log' | 'rescueBoot'> {
  readonly volumes: Volumes
  readonly journal: Journal
  readonly held: Held
  readonly watch: HostWatch
  readonly images: ImageRoom
  readonly restores: BackupRoom
  readonly report: Report
  /** Machines, so that none starts while one of its volumes is worked on. */
  readonly machines: Exclusive
}

/** Two files that are becoming one. */
interface Begun {
  readonly merged: Promise<Result<void>>
  readonly abort: AbortController
}

const sharing = ({ pool }: WantedVolume) => (isSharedPool(pool.type) ? ({ shared: true } as const) : {})

/** Keeps the volumes and snapshots of one host as they are wanted, one thing at a time per volume: level-triggered, as the machines are. */
export class VolumeKeeper {
  readonly #parts: KeeperParts
  readonly #lanes: Lanes
  readonly #alarms: Alarms
  #ended = false

  constructor(parts: KeeperParts) {
    this.#parts = parts
    this.#alarms = new Alarms(parts.timers, parts.random)
    this.#lanes = new Lanes((id, turn) => this.#work(id, turn).catch(error => this.#stumbled(id, error)))
  }

  /** Ends all waiting; resolves when what is under way has ended. */
  end(): Promise<void> {
    this.#ended = true
    this.#alarms.end()
    return this.#lanes.end()
  }

  /** What is wanted of it is another thing now. */
  wanted(volumes: Iterable<string>): void {
    for (const id of volumes) {
      this.#alarms.succeeded(id)
      this.#lanes.interrupt(id)
      this.#lanes.wake(id)
    }
  }
  /** These machines came, went, or changed their power. */
  machinesChanged(machines: ReadonlySet<string>): void {
    const { held, journal } = this.#parts
    for (const id of this.#ids()) {
      const had = journal.kept(id)?.machine
      const shall = held.volume(id)?.attached?.machine
      if ((had && machines.has(had)) || (shall && machines.has(shall))) this.#lanes.wake(id)
    }
  }
  wakeAll(): void {
    for (const id of this.#ids()) this.#lanes.wake(id)
  }

  /** The disks that a machine is defined with, each made; only while it is off. */
  async disksOf(machine: WantedMachine): Promise<Result<MachineDisk[]>> {
    const { held, volumes, journal } = this.#parts
    const wanted = held.volumes().filter(({ attached, gone }) => attached?.machine === machine.id && !gone)
    if (!wanted.some(({ attached }) => attached?.boot))
      return refuse('unavailable', 'waiting for a volume to boot from; attach one as vda')
    const disks: MachineDisk[] = []
    for (const volume of wanted) {
      if (!volume.attached) continue
      await volumes.still(volume)
      if (volume.attached.device === rescuedDevice) continue
      const made = await this.#make(volume)
      if (!made.ok) return made
      const found = await volumes.find(volume)
      if (!found.ok) return found
      if (!found.value) return refuse('unavailable', `waiting for volume ${volume.id}`)
      const facts = journal.kept(volume.id) ?? noVolumeFacts
      const whole = this.#whole(volume, found.value, facts)
      if (!whole.ok) return whole
      if (facts.machine !== machine.id || !facts.made) await this.#note(volume.id, { ...facts, machine: machine.id, made: true })
      const { device, boot, readOnly } = volume.attached
      disks.push({ volume: volume.id, device, source: found.value.source, boot, readOnly, ...sharing(volume) })
    }
    return ok(disks.sort((a, b) => Number(b.boot) - Number(a.boot) || (a.device < b.device ? -1 : 1)))
  }

  /** Nothing is done to the files of a machine's volumes for now: it is to sleep, or to move. */
  async still(machine: string): Promise<void> {
    const { held, volumes } = this.#parts
    for (const volume of held.volumes()) if (volume.attached?.machine === machine) await volumes.still(volume)
  }

  /** A guest may write to it: it is what it goes back to, and what was begun at one moment with others is done. */
  #whole(volume: WantedVolume, found: FoundVolume, facts: VolumeFacts): Result<void> {
    if (goesBack(volume, found, facts)) return refuse('unavailable', 'waiting for a volume to go back to a snapshot')
    const due = this.#parts.held
      .snapshots()
      .some(one => one.volume === volume.id && this.#dueOf(one.moment).some(({ id }) => id === one.id))
    return due ? refuse('unavailable', 'waiting for the snapshots of its volumes') : ok(undefined)
  }

  #ids(): ReadonlySet<string> {
    const { held, journal } = this.#parts
    const snapshots = new Set(held.snapshots().map(({ id }) => id))
    return new Set([
      ...held.volumes().map(({ id }) => id),
      ...held.snapshots().map(({ volume }) => volume),
      ...journal.keptIds().filter(id => !snapshots.has(id)),
    ])
  }

  /** Plans and acts, over and over, until nothing is left to do for this volume just now. */
  async #work(id: string, turn: Turn): Promise<void> {
    const { watch, machines, held, journal } = this.#parts
    this.#alarms.cancel(id)
    while (!this.#ended && watch.answers) {
      turn.again = false
      const busy = held.volume(id)?.attached?.machine ?? journal.kept(id)?.machine ?? id
      const next = await machines.run(busy, () => this.#step(id))
      if (next === 'done') return
      if (next === 'again') continue
      if ('merged' in next) {
        if (await this.#await(id, next, turn)) continue
        return
      }
      // What takes long keeps no machine waiting.
      const made = await this.#lanes.aside(turn, () => this.#make(next))
      if (made === 'interrupted') continue
      if (!made.ok && !(await this.#refused(next, made.fault))) return
    }
  }

  /** To the end, unless something else is wanted; false: another time. */
  async #await(id: string, { merged, abort }: Begun, turn: Turn): Promise<boolean> {
    const { report, held, log } = this.#parts
    const result = await this.#lanes.aside(turn, () => merged)
    if (result === 'interrupted') abort.abort()
    const ended = await merged
    report.progressEnds(id)
    const wanted = held.volume(id)
    if (wanted) this.#tell(wanted)
    if (ended.ok || result === 'interrupted') return true
    log(passing(ended.fault) ? 'info' : 'warn', 'files of a volume are not merged yet', {
      host: this.#parts.host.id,
      volume: id,
      fault: ended.fault,
    })
    this.#retry(id)
    return false
  }

  /** Where two of its files may become one: that is begun, and not waited for. */
  async #merge(id: string, { wanted, snapshots }: VolumeView): Promise<'done' | Begun> {
    const { volumes, compute, report } = this.#parts
    const pool = wanted?.pool ?? snapshots[0]?.wanted.pool
    const due = pool ? await volumes.merges({ id, pool }) : ok(null)
    const by = due.ok && due.value ? await mergeBy(this.#parts, due.value) : ok(null)
    if (!due.ok || !by.ok) {
      this.#retry(id)
      return 'done'
    }
    if (!due.value || by.value === null) return 'done'
    const { value: guest } = by
    const abort = new AbortController()
    const merged = volumes.merge(due.value, {
      open: guest === 'agent' ? null : { merge: (merge, how) => compute.mergeDisk(guest.machine, guest.device, merge, how) },
      progress: percent => {
        if (report.progress(id, `merging ${percent} %`) && wanted) this.#tell(wanted)
      },
      cancel: abort.signal,
    })
    return { merged, abort }
  }

  /** One look and the next thing to do; a volume that must be made first is handed back, and so is merging that was begun. */
  async #step(id: string): Promise<'done' | 'again' | WantedVolume | Begun> {
    const { watch, log, report } = this.#parts
    const view = await this.#view(id)
    if (!view.ok) {
      log('info', 'a volume cannot be looked at', { host: this.#parts.host.id, volume: id, fault: view.fault })
      this.#retry(id)
      return 'done'
    }
    if (!view.value.wanted && view.value.snapshots.length === 0) {
      await this.#forget(id)
      return 'done'
    }
    this.#show(view.value)
    // Its machine is on its way from this host, or to it: that alone touches what it has.
    const owner = view.value.wanted?.attached?.machine
    if (watch.frozen || (owner !== undefined && this.#parts.held.machine(owner)?.move)) return 'done'
    const action = planVolume(view.value)
    if (action.do === 'nothing') return this.#merge(id, view.value)
    if (action.do === 'make') return action.volume
    if (action.do === 'wait') {
      if (action.wakeMs !== undefined) this.#alarms.in(action.wakeMs, id, () => this.#lanes.wake(id))
      if (report.progress(id, action.why)) this.#show(view.value)
      return 'done'
    }
    const done = await this.#do(id, action, view.value)
    if (done.ok) return 'again'
    const subject = 'snapshot' in action ? action.snapshot : view.value.wanted
    return subject && (await this.#refused(subject, done.fault, action.do)) ? 'again' : 'done'
  }

  async #do(id: string, action: Action, view: VolumeView): Promise<Result<void>> {
    const { compute, volumes, journal, timers } = this.#parts
    const { facts, plugged } = view
    const live = plugged.find(disk => disk.live)
    switch (action.do) {
      case 'grow':
        return live ? compute.resize(live.machine, live.device, action.volume.sizeMiB) : volumes.grow(action.volume)
      case 'revert':
        return volumes.revert(action.volume)
      case 'attach':
        return this.#attach(action.volume, view)
      case 'detach': {
        const now = timers.now()
        const askedAt = facts.askedAt !== null && facts.askedAt <= now ? facts.askedAt : now
        await this.#note(id, { ...facts, askedAt, machine: action.disk.machine })
        return compute.detach(action.disk.machine, action.disk)
      }
      case 'boots':
        await this.#note(id, { ...facts, askedAt: timers.now() })
        return ok(undefined)
      case 'remove':
        return volumes.remove(action.volume)
      case 'snapshot': {
        if (action.snapshot.kept) return this.#known(action.snapshot)
        if (action.snapshot.moment !== undefined) return this.#keepMoment(action.snapshot.moment, view)
        const open: OpenIn | null = live
          ? { path: live.path, switchTo: path => compute.switchDisk(live.machine, live.device, path) }
          : null
        const kept = await volumes.snapshot(action.snapshot, open)
        if (!kept.ok) return kept
        await this.#settleSnapshot(action.snapshot, true)
        return ok(undefined)
      }
      case 'drop': {
        const dropped = await volumes.removeSnapshot(action.snapshot)
        if (!dropped.ok) return dropped
        await this.#settleSnapshot(action.snapshot, false)
        return ok(undefined)
      }
      case 'settle': {
        const { fault: _, ...known } = journal.kept(id) ?? noVolumeFacts
        const { wanted, found } = view
        if (!wanted) return ok(undefined)
        await this.#note(id, {
          ...known,
          applied: wanted.generation,
          made: known.made || (found !== null && !wanted.gone),
          machine: wanted.attached?.machine ?? plugged[0]?.machine ?? null,
          askedAt: null,
          ...(action.fault ? { fault: action.fault } : {}),
        })
        this.#alarms.succeeded(id)
        this.#parts.report.progressEnds(id)
        return ok(undefined)
      }
      default:
        return ok(undefined)
    }
  }

  /** One that was here before: taken now, it would hold what its volume holds today. */
  async #known(snapshot: WantedSnapshot): Promise<Result<void>> {
    const here = await this.#parts.volumes.hasSnapshot(snapshot)
    if (!here.ok) return here
    if (!here.value) return refuse('not_found', 'the snapshot is not on its host any more', { detail: snapshot.id })
    await this.#settleSnapshot(snapshot, true, this.#parts.journal.kept(snapshot.id)?.quiet)
    return ok(undefined)
  }

  /** Snapshots of a moment that are not finished with yet. */
  #dueOf(moment: string | undefined): WantedSnapshot[] {
    const { held, journal } = this.#parts
    const isDue = ({ id, generation }: WantedSnapshot) => (journal.kept(id)?.applied ?? -1) < generation
    return moment === undefined
      ? []
      : held.snapshots().filter(one => one.moment === moment && !one.gone && !one.kept && isDue(one))
  }

  /** All that is still to be kept of a moment, or none: volumes of one machine, which is worked on by nobody else meanwhile. */
  async #keepMoment(moment: string, { wanted, facts }: VolumeView): Promise<Result<void>> {
    const { compute, volumes, watch } = this.#parts
    const machine = wanted?.attached?.machine ?? facts.machine
    const has = machine !== null && watch.machine(machine) ? await compute.disks(machine) : ok([])
    if (!has.ok) return has
    const live = new Map(has.value.filter(disk => disk.live).map(disk => [disk.volume, disk]))
    const each: OfMoment[] = []
    for (const snapshot of this.#dueOf(moment)) {
      const found = await volumes.find({ id: snapshot.volume, pool: snapshot.pool })
      if (!found.ok) return found
      const path = found.value?.source.path
      const disk = live.get(snapshot.volume) ?? [...live.values()].find(one => one.path === path)
      each.push({ snapshot, open: disk?.path ?? null })
    }
    const kept = await volumes.keepMoment(
      each,
      files =>
        compute.switchDisks(
          machine ?? '',
          files.map(({ volume, path }) => {
            const open = each.find(({ snapshot }) => snapshot.volume === volume)?.open
            const device = has.value.find(disk => disk.live && disk.path === open)?.device
            if (device === undefined) throw new Error('impossible: open, and no disk of its machine')
            return { device, path }
          }),
        ),
      work => (machine === null ? work() : this.#whileStill(machine, work)),
    )
    if (!kept.ok) return kept
    for (const { snapshot } of each) {
      await this.#settleSnapshot(snapshot, true, kept.value)
      this.#lanes.wake(snapshot.volume)
    }
    return ok(undefined)
  }

  /** The machine stands still in memory meanwhile, where it runs; one that was interrupted goes on since that is wanted. */
  async #whileStill(machine: string, work: () => Promise<Result<void>>): Promise<Result<void>> {
    const { compute, watch } = this.#parts
    if (watch.machine(machine)?.power !== 'running') return work()
    const paused = await compute.pause(machine)
    if (!paused.ok) return paused
    const done = await work()
    const goesOn = await compute.start(machine)
    return done.ok ? goesOn : done
  }

  async #attach(volume: WantedVolume, { found, facts }: VolumeView): Promise<Result<void>> {
    const { attached } = volume
    if (!attached || !found) throw new Error('impossible: attached to nothing, or nothing attached')
    await this.#note(volume.id, { ...facts, machine: attached.machine })
    const { device, boot, readOnly } = attached
    const disk = { volume: volume.id, device, source: found.source, boot, readOnly, ...sharing(volume) }
    return this.#parts.compute.attach(attached.machine, disk)
  }

  async #make(volume: WantedVolume): Promise<Result<void>> {
    const { volumes, journal } = this.#parts
    if (!journal.kept(volume.id)?.made && !volume.kept) {
      const fetched = await this.#fetch(volume)
      if (!fetched.ok) return fetched
    }
    const facts = journal.kept(volume.id) ?? noVolumeFacts
    const was = facts.made || volume.kept === true
    const found = was ? await volumes.find(volume) : ok(null)
    if (!found.ok) return found
    if (was && !found.value)
      return refuse('internal', "the volume's data is not on its host any more; restore it from a backup", { detail: volume.id })
    return volumes.make(volume)
  }

  /** Has what it is made of brought here. */
  async #fetch(volume: WantedVolume): Promise<Result<void>> {
    const { images, restores, report, held } = this.#parts
    const { id, source } = volume
    if (source.from !== 'image' && source.from !== 'backup') return ok(undefined)
    const told = (what: string) => (percent: number) => {
      if (report.progress(id, `${what} ${percent} %`)) this.#tell(volume)
    }
    const fetched =
      source.from === 'image'
        ? await images.keep(source.files, told('fetching image'))
        : await restores.bring(volume, source.backup, told('restoring'))
    report.progressEnds(id)
    if (!fetched.ok) return fetched
    return held.volume(id)?.gone === false ? ok(undefined) : refuse('unavailable', 'the volume is not wanted any more')
  }

  /** After a fault: true where there is something else to do at once, false where it must wait. */
  async #refused(subject: WantedVolume | WantedSnapshot, fault: Fault, what = 'make'): Promise<boolean> {
    const { log, journal, report } = this.#parts
    const { id, generation, gone } = subject
    const volume = subject.kind === 'snapshot' ? subject.volume : id
    log(passing(fault) ? 'info' : 'warn', `${what} refused`, { host: this.#parts.host.id, volume, generation, fault })
    // Another volume of its machine may just be letting go of the name.
    const inTheWay = what === 'attach' && fault.code === 'conflict'
    if (passing(fault) || inTheWay || gone || what === 'drop') {
      report.progress(volume, `waiting: ${fault.message}`)
      this.#retry(volume)
      return false
    }
    const { fault: _, ...known } = journal.kept(id) ?? noVolumeFacts
    await this.#note(id, { ...known, applied: generation, askedAt: null, fault: wireFault(fault) })
    if (subject.kind === 'snapshot') this.#showSnapshot(subject, false)
    // All of a moment, or none.
    for (const other of subject.kind === 'snapshot' ? this.#dueOf(subject.moment) : []) {
      await this.#note(other.id, { ...noVolumeFacts, applied: other.generation, fault: wireFault(fault) })
      this.#showSnapshot(other, false)
      report.progressEnds(other.volume)
      this.#lanes.wake(other.volume)
    }
    report.progressEnds(volume)
    this.#alarms.succeeded(volume)
    return true
  }

  async #settleSnapshot(snapshot: WantedSnapshot, here: boolean, quiet = false): Promise<void> {
    await this.#note(snapshot.id, { ...noVolumeFacts, applied: snapshot.generation, made: here, ...(quiet ? { quiet } : {}) })
    this.#showSnapshot(snapshot, here)
    for (const { id, source } of this.#parts.held.volumes())
      if (source.from === 'snapshot' && source.snapshot === snapshot.id) this.#lanes.wake(id)
  }

  async #view(id: string): Promise<Result<VolumeView>> {
    const { held, journal, volumes, watch, compute, timers, rescueBoot } = this.#parts
    const wanted = held.volume(id)
    const facts = journal.kept(id) ?? noVolumeFacts
    const snapshots = held
      .snapshots()
      .filter(({ volume }) => volume === id)
      .map(snapshot => ({ wanted: snapshot, applied: journal.kept(snapshot.id)?.applied ?? -1 }))
    for (const { wanted: snapshot } of snapshots) {
      const here = await volumes.hasSnapshot(snapshot)
      if (!here.ok) return here
      this.#showSnapshot(snapshot, here.value)
    }
    const pool = wanted?.pool ?? snapshots[0]?.wanted.pool
    const found = pool ? await volumes.find({ id, pool }) : ok(null)
    if (!found.ok) return found
    // Without a word in the journal any machine may have it.
    const unknown = found.value !== null && !journal.kept(id)
    const where = unknown ? watch.machines() : [wanted?.attached?.machine, facts.machine].filter(m => typeof m === 'string')
    const plugged: PluggedInto[] = []
    for (const machine of new Set(where)) {
      if (!watch.machine(machine)) continue
      const disks = await compute.disks(machine)
      if (!disks.ok) return disks
      for (const disk of disks.value)
        if (disk.volume === id || disk.path === found.value?.source.path) plugged.push({ ...disk, machine })
    }
    return ok({
      wanted,
      found: found.value,
      plugged,
      facts,
      snapshots,
      now: timers.now(),
      rescueBoot: rescueBoot ?? limits.rescueBoot,
      machine: one => ({
        here: watch.machine(one) !== undefined,
        on: isOn(watch.machine(one)),
        leaving: held.machine(one)?.power === 'gone',
        asleep: watch.machine(one)?.power === 'suspended',
      }),
    })
  }

  async #forget(id: string): Promise<void> {
    const { journal, report } = this.#parts
    if (journal.kept(id)) await journal.write([{ note: 'kept', id, facts: null }])
    this.#alarms.succeeded(id)
    report.drop('volume', id)
    const held = new Set(this.#parts.held.snapshots().map(snapshot => snapshot.id))
    for (const snapshot of report.ids('snapshot')) if (!held.has(snapshot)) report.drop('snapshot', snapshot)
  }

  #note(id: string, facts: VolumeFacts): Promise<void> {
    return this.#parts.journal.write([{ note: 'kept', id, facts }])
  }
  #retry(id: string): void {
    this.#alarms.retry(id, () => this.#lanes.wake(id))
  }
  #stumbled(id: string, error: unknown): void {
    this.#parts.log('error', 'unexpected', {
      host: this.#parts.host.id,
      what: id,
      error: error instanceof Error ? error.stack : String(error),
    })
    this.#retry(id)
  }

  #show({ wanted, found, plugged }: VolumeView): void {
    if (wanted) this.#parts.report.put(this.#seen(wanted, found?.sizeMiB ?? null, plugged[0]?.machine ?? null))
  }
  /** While it is being made: only what is being done is new. */
  #tell(wanted: WantedVolume): void {
    const last = this.#parts.report.seen.get('volume', wanted.id)
    this.#parts.report.put(this.#seen(wanted, last?.kind === 'volume' && last.here ? last.sizeMiB : null, null))
  }
  #seen(wanted: WantedVolume, sizeMiB: number | null, plugged: string | null): SeenVolume {
    const { journal, report } = this.#parts
    const facts = journal.kept(wanted.id) ?? noVolumeFacts
    const reached = facts.applied >= wanted.generation
    const progress = report.progressOf(wanted.id)
    return {
      kind: 'volume',
      id: wanted.id,
      applied: Math.max(0, facts.applied),
      here: sizeMiB !== null,
      sizeMiB: sizeMiB ?? 0,
      machine: plugged ?? (reached && !facts.fault && sizeMiB !== null ? (wanted.attached?.machine ?? null) : null),
      ...(progress ? { progress } : {}),
      ...(reached && facts.fault ? { fault: facts.fault } : {}),
    }
  }
  #showSnapshot({ id, generation }: WantedSnapshot, here: boolean): void {
    const facts = this.#parts.journal.kept(id)
    this.#parts.report.put({
      kind: 'snapshot',
      id,
      applied: Math.max(0, facts?.applied ?? 0),
      here,
      ...(facts?.quiet ? { quiet: true } : {}),
      ...(facts?.fault && facts.applied >= generation ? { fault: facts.fault } : {}),
    })
  }
}
