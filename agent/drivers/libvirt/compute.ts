import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Timers } from '@sirocco/shared/kit/clock.ts'
import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { MiB } from '@sirocco/shared/kit/units.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { rescuedDevice } from '@sirocco/shared/model/volumes/rescued.ts'
import type {
  Compute,
  Counted,
  Counters,
  Definition,
  DescribedMachine,
  DiskMerge,
  FoundMachine,
  GuestFacts,
  LeaveOptions,
  MachineDisk,
  Merging,
  PluggedDisk,
} from '../../ports/compute.ts'
import type { Arrival, Departure, Peer } from '../../ports/move.ts'
import { tellSecrets } from './ceph-secret.ts'
import { consoleTail, isFileName, removeLog, trimLog } from './console-log.ts'
import { countersOf, runningWithoutWaiting, whatCounts } from './counters.ts'
import { described } from './described.ts'
import { disksIn, diskXml, pluggedDisks, pluggedXml, switchXml } from './disks.ts'
import { canResume, isOff, isPaused, type Standing, seenOf } from './domain-state.ts'
import { type DomainHost, domainXml, readMark, seedDevice, shapeOf } from './domain-xml.ts'
import { faultOf, guestFault, isCode, libvirtErrors, plugFault } from './faults.ts'
import { guestCommand, guestFactsOf, guestReturn, HostName, Interfaces, OsInfo } from './guest-agent.ts'
import { acceleration, architecture, hostFacts, startOf, uefiFirmware } from './host.ts'
import { hostCounters } from './host-counters.ts'
import { domainName, domainUuid, type Mark, metadataNamespace, uuidText } from './identity.ts'
import { mergeDisk } from './merge.ts'
import { arrive, leave, type MoveParts, paused, settleArrival } from './move.ts'
import { Restarts } from './restarts.ts'
import type { Answer, Connection } from './rpc/connection.ts'
import { type Domain, type LifecycleEvent, type Procedure, procedures, stoppedEvent } from './rpc/procedures.ts'
import { joinScreen, screenSocketOf, screenXml } from './screen.ts'
import { pictureOf } from './screenshot.ts'
import { Session } from './session.ts'

export interface LibvirtOptions {
  /** libvirtd's UNIX socket, e.g. /run/libvirt/libvirt-sock. */
  readonly socket: string
  /** e.g. qemu:///system */
  readonly uri: string
  /** Of the installation; only its domains exist here. */
  readonly instance: string
  /** 3 characters, for names that people and the kernel see. */
  readonly tag: string
  /** Where serial consoles are logged, one file a machine. */
  readonly logDir: string
  readonly clock: Timers
  /** For UNIX sockets of machines that come; best below /run. */
  readonly moveDir?: string
  /** QEMU's binary, where libvirt's own choice is not wanted. */
  readonly emulator?: string
  /** What guests run on, where it is not to be found out. */
  readonly acceleration?: 'hardware' | 'emulated'
  /** The host's name, where it is not the kernel's. */
  readonly hostName?: string
  /** Where libvirt keeps QEMU's pid files; read to tell one start of a machine from the next. */
  readonly stateDir?: string
  /** Where libvirt keeps what QEMU says, one file a machine. */
  readonly qemuLogDir?: string
  /** A path of libvirtd's as this process sees it, where the two see different files. */
  readonly here?: (path: string) => string
}

/** VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN, and VIR_DOMAIN_REBOOT_ACPI_POWER_BTN */
const acpi = 1
/** VIR_DOMAIN_SAVE_RUNNING: it goes on when it is started, also where it was paused when it was saved. */
const runsOn = 2
/** VIR_DOMAIN_UNDEFINE_ MANAGED_SAVE | SNAPSHOTS_METADATA | NVRAM | CHECKPOINTS_METADATA: nothing of it remains. */
const withAllOfIt = 1 | 2 | 4 | 16

/** VIR_DOMAIN_XML_INACTIVE */
const asSaved = 2
/** VIR_DOMAIN_AFFECT_ LIVE, CONFIG */
const alter = { live: 1, saved: 2 } as const
/** VIR_DOMAIN_SNAPSHOT_CREATE_ NO_METADATA | DISK_ONLY | ATOMIC */
const onlyDisks = 4 | 16 | 128
/** VIR_DOMAIN_SNAPSHOT_CREATE_QUIESCE: by the guest's agent */
const quiesce = 64

/** A machine's domain, as it was found. */
interface Held {
  readonly link: Connection
  readonly domain: Domain
  readonly state: Standing
  readonly mark: Mark
}

/** Of one that is off, also whether its memory is kept. */
async function standingOf(link: Connection, domain: Domain): Promise<Answer<Standing>> {
  const state = await link.call(procedures.state, domain)
  if (!state.ok) return state
  if (!isOff(state.value)) return { ok: true, value: { ...state.value, saved: false } }
  const saved = await link.call(procedures.saved, domain)
  return saved.ok ? { ok: true, value: { ...state.value, saved: saved.value } } : saved
}

const sameDisks = (wanted: readonly MachineDisk[], there: readonly PluggedDisk[]): boolean =>
  wanted.length === there.length &&
  wanted.every(({ device, source }) => there.some(disk => disk.saved && disk.device === device && disk.path === source.path))

const notHere = (id: string) => refuse('not_found', 'the machine is not on this host', { detail: id })

async function inTurns<T, R>(items: readonly T[], run: (item: T) => Promise<R>): Promise<R[]> {
  const results = new Map<number, R>()
  const queue = items.entries()
  const work = async () => {
    for (const [at, item] of queue) results.set(at, await run(item))
  }
  await Promise.all(Array.from({ length: limits.libvirtAbreast }, work))
  return [...results].sort(([a], [b]) => a - b).map(([, result]) => result)
}

/** Machines as domains of libvirt (KVM, QEMU), over its own RPC protocol. */
export function libvirtCompute(options: LibvirtOptions): Compute {
  return new LibvirtCompute(options)
}

class LibvirtCompute implements Compute {
  readonly #options: LibvirtOptions
  readonly #session: Session
  /** Which machine a domain is, by UUID: what is undefined can no longer be asked. null: not ours. */
  readonly #known = new Map<string, string | null>()
  readonly #watchers = new Set<(id: string | null) => void>()
  readonly #restarts: Restarts
  #host: Promise<DomainHost> | null = null

  constructor(options: LibvirtOptions) {
    this.#options = options
    this.#restarts = new Restarts(options.clock)
    this.#session = new Session({
      socket: options.socket,
      uri: options.uri,
      timers: options.clock,
      lifecycle: event => void this.#changed(event),
      rebooted: ({ uuid }) => this.#restarts.heard(uuidText(uuid), 'restarted'),
      joined: () => {
        this.#restarts.deafened()
        this.#tell(null)
      },
    })
  }

  async fingerprint(): ReturnType<Compute['fingerprint']> {
    const link = await this.#session.connection()
    if (!link.ok) return faultOf(link.error)
    const type = await link.value.call(procedures.type, undefined)
    if (!type.ok) return faultOf(type.error)
    const version = await link.value.call(procedures.version, undefined)
    if (!version.ok) return faultOf(version.error)
    const number = Number(version.value)
    const facts = await hostFacts()
    return ok({
      ...facts,
      name: this.#options.hostName ?? facts.name,
      hypervisor: type.value,
      hypervisorVersion: [Math.floor(number / 1_000_000), Math.floor(number / 1_000) % 1_000, number % 1_000].join('.'),
      acceleration: (await this.#domainHost()).acceleration,
    })
  }

  async list(): Promise<Result<readonly FoundMachine[]>> {
    const link = await this.#session.connection()
    if (!link.ok) return faultOf(link.error)
    const domains = await link.value.call(procedures.domains, undefined)
    if (!domains.ok) return faultOf(domains.error)
    const there = new Set(domains.value.map(({ uuid }) => uuidText(uuid)))
    for (const uuid of this.#known.keys()) if (!there.has(uuid)) this.#known.delete(uuid)
    const answers = await inTurns(domains.value, domain => this.#hold(link.value, domain))
    const found: FoundMachine[] = []
    for (const held of answers) {
      if (!held.ok) return faultOf(held.error)
      if (held.value) found.push(await this.#found(held.value))
    }
    return ok(found)
  }

  describe(id: string): Promise<Result<DescribedMachine>> {
    return this.#on(id, async ({ link, domain }) => {
      const saved = await link.call(procedures.xml, { domain, flags: asSaved })
      if (!saved.ok) return faultOf(saved.error)
      const found = described(saved.value)
      return found ? ok(found) : refuse('internal', 'the hypervisor says nothing of what the machine is made of', { detail: id })
    })
  }

  async define(definition: Definition): Promise<Result<void>> {
    const { id } = definition.machine
    const host = await this.#domainHost()
    const there = await this.#find(id)
    if (!there.ok) return there
    const held = there.value
    if (definition.files.nvram && !host.uefi)
      return refuse('unsupported', 'this host has no UEFI firmware: install its package (ovmf), or launch with BIOS')
    const shape = shapeOf(definition, host)
    if (held?.mark.shape === shape) {
      if (!isOff(held.state)) return ok(undefined)
      // Disks may have been given and taken since.
      const plugged = await this.#plugged(held)
      if (!plugged.ok) return plugged
      // libvirt forgets keys when it restarts.
      if (sameDisks(definition.disks, plugged.value)) return tellSecrets(held.link, this.#options.instance, definition.disks)
    }
    if (held && !isOff(held.state)) return refuse('precondition', 'the machine runs with another definition: stop it first')
    const link = await this.#session.connection()
    if (!link.ok) return faultOf(link.error)
    const told = await tellSecrets(link.value, this.#options.instance, definition.disks)
    if (!told.ok) return told
    await mkdir(this.#options.logDir, { recursive: true, mode: 0o711 })
    const defined = await link.value.call(procedures.define, domainXml(definition, host), limits.libvirtLongCall)
    if (!defined.ok) return faultOf(defined.error)
    this.#known.set(uuidText(defined.value.uuid), id)
    return ok(undefined)
  }

  start(id: string): Promise<Result<void>> {
    return this.#on(id, async held => {
      if (canResume(held.state)) return this.#do(held, procedures.resume, held.domain, state => !canResume(state))
      if (isPaused(held.state)) return refuse('unavailable', 'the hypervisor is busy with the machine')
      if (!isOff(held.state)) return ok(undefined)
      await trimLog(this.#logFile(id))
      return this.#do(held, procedures.start, held.domain, state => !isOff(state), limits.libvirtLongCall)
    })
  }

  askToStop(id: string): Promise<Result<void>> {
    return this.#on(id, async held => {
      if (isOff(held.state)) return ok(undefined)
      if (canResume(held.state)) await held.link.call(procedures.resume, held.domain)
      return this.#do(held, procedures.shutdown, { domain: held.domain, flags: acpi }, isOff)
    })
  }

  pause(id: string): Promise<Result<void>> {
    return this.#on(id, held => {
      if (isOff(held.state)) return refuse('precondition', 'the machine is off: start it first')
      return isPaused(held.state) ? ok(undefined) : this.#do(held, procedures.pause, held.domain, isPaused)
    })
  }

  suspend(id: string): Promise<Result<void>> {
    return this.#on(id, held => {
      if (held.state.saved) return ok(undefined)
      if (isOff(held.state)) return refuse('precondition', 'the machine is off: start it first')
      return this.#do(held, procedures.save, { domain: held.domain, flags: runsOn }, state => state.saved, limits.libvirtSave)
    })
  }

  cut(id: string): Promise<Result<void>> {
    return this.#onIfThere(id, held => {
      if (!isOff(held.state)) return this.#do(held, procedures.destroy, { domain: held.domain, flags: 0 }, isOff)
      if (!held.state.saved) return ok(undefined)
      return this.#do(held, procedures.dropSaved, { domain: held.domain, flags: 0 }, state => !state.saved)
    })
  }

  reboot(id: string): Promise<Result<void>> {
    return this.#on(id, async ({ link, domain, state }) => {
      if (isOff(state)) return refuse('precondition', 'the machine is off: start it')
      const ask = () => link.call(procedures.reboot, { domain, flags: acpi })
      const restart = this.#restarts.of(uuidText(domain.uuid), () => void ask())
      const asked = await ask()
      if (!asked.ok) restart.cancel()
      if (!asked.ok && asked.error.kind === 'lost') return faultOf(asked.error)
      const how = asked.ok ? await restart.how : 'deaf'
      if (how === 'restarted') return ok(undefined)
      if (how === 'off') return refuse('precondition', 'the machine was stopped meanwhile')
      if (how === 'unknown') return refuse('internal', 'whether the guest restarted is not known: libvirtd ended meanwhile')
      const reset = await link.call(procedures.reset, domain)
      return reset.ok ? ok(undefined) : faultOf(reset.error)
    })
  }

  undefine(id: string): Promise<Result<void>> {
    return this.#onIfThere(
      id,
      async ({ link, domain, state }) => {
        if (!isOff(state)) return refuse('precondition', 'the machine runs: stop it first')
        const removed = await link.call(procedures.undefine, { domain, flags: withAllOfIt })
        if (!removed.ok && !isCode(removed.error, libvirtErrors.noDomain)) return faultOf(removed.error)
        await this.#forget(id, domain.name)
        return ok(undefined)
      },
      () => this.#forget(id, domainName(this.#options.tag, id)),
    )
  }

  async disks(id: string): Promise<Result<readonly PluggedDisk[]>> {
    const held = await this.#find(id)
    if (!held.ok) return held
    return held.value ? this.#plugged(held.value) : ok([])
  }

  attach(id: string, disk: MachineDisk): Promise<Result<void>> {
    return this.#on(id, async held => {
      const there = await this.#plugged(held)
      if (!there.ok) return there
      const plugged = there.value.find(one => one.device === disk.device)
      if (plugged && plugged.path !== disk.source.path)
        return refuse('conflict', `the machine has something else as ${disk.device}`, { detail: plugged.path })
      const { link, domain, state } = held
      const told = await tellSecrets(link, this.#options.instance, [disk])
      if (!told.ok) return told
      const xml = diskXml(disk, this.#options.instance)
      for (const [flag, done] of [
        // It is no part of what the machine starts with.
        [alter.saved, plugged?.saved || disk.device === rescuedDevice],
        [alter.live, plugged?.live || isOff(state)],
      ] as const) {
        if (done) continue
        const attached = await link.call(procedures.attachDevice, { domain, xml, flags: flag })
        if (!attached.ok) return plugFault(attached.error)
      }
      return ok(undefined)
    })
  }

  detach(id: string, disk: PluggedDisk): Promise<Result<void>> {
    return this.#onIfThere(id, async held => {
      const { link, domain, state } = held
      const there = await this.#plugged(held)
      if (!there.ok) return there
      const plugged = there.value.find(one => one.device === disk.device && one.path === disk.path)
      if (!plugged) return ok(undefined)
      const xml = pluggedXml(plugged)
      if (plugged.saved) {
        const removed = await link.call(procedures.detachDevice, { domain, xml, flags: alter.saved })
        if (!removed.ok) return faultOf(removed.error)
      }
      if (!plugged.live || isOff(state)) return ok(undefined)
      const asked = await link.call(procedures.detachDevice, { domain, xml, flags: alter.live })
      const now = await this.#plugged(held)
      if (!now.ok) return now
      if (!now.value.some(one => one.live && one.device === disk.device)) return ok(undefined)
      return refuse('unavailable', `the guest has not let go of ${disk.device} yet`, {
        ...(asked.ok ? {} : { detail: asked.error.message }),
      })
    })
  }

  resize(id: string, device: string, sizeMiB: number): Promise<Result<void>> {
    return this.#on(id, async ({ link, domain }) => {
      const bytes = BigInt(sizeMiB) * BigInt(MiB)
      const resized = await link.call(procedures.blockResize, { domain, device, bytes })
      return resized.ok ? ok(undefined) : faultOf(resized.error)
    })
  }

  switchDisk(id: string, device: string, path: string): Promise<Result<void>> {
    return this.#on(id, async ({ link, domain }) => {
      const live = await link.call(procedures.xml, { domain, flags: 0 })
      if (!live.ok) return faultOf(live.error)
      if (disksIn(live.value).some(disk => disk.device === device && disk.path === path)) return ok(undefined)
      const xml = switchXml(live.value, new Map([[device, path]]))
      const switched = await link.call(procedures.snapshot, { domain, xml, flags: onlyDisks }, limits.libvirtLongCall)
      return switched.ok ? ok(undefined) : faultOf(switched.error)
    })
  }

  switchDisks(id: string, disks: readonly { readonly device: string; readonly path: string }[]): Promise<Result<boolean>> {
    return this.#on(id, async held => {
      const { link, domain } = held
      const left = async () => {
        const live = await link.call(procedures.xml, { domain, flags: 0 })
        if (!live.ok) return faultOf(live.error)
        const has = new Map(disksIn(live.value).map(({ device, path }) => [device, path]))
        return ok({
          xml: live.value,
          paths: new Map(disks.flatMap(d => (has.get(d.device) === d.path ? [] : [[d.device, d.path]]))),
        })
      }
      const before = await left()
      if (!before.ok) return before
      if (before.value.paths.size === 0) return ok(false)
      const xml = switchXml(before.value.xml, before.value.paths)
      const still = await link.call(procedures.snapshot, { domain, xml, flags: onlyDisks | quiesce }, limits.libvirtLongCall)
      if (still.ok) return ok(true)
      if (still.error.kind === 'lost') return faultOf(still.error)
      // One that was left standing still by a try that died goes on; where no agent answers this does nothing.
      await this.#tellGuest(held, guestCommand('guest-fsfreeze-thaw'))
      const now = await left()
      if (!now.ok) return now
      // Switched, but what stood still could not be told to go on at first.
      if (now.value.paths.size === 0) return ok(true)
      const switched = await link.call(procedures.snapshot, { domain, xml, flags: onlyDisks }, limits.libvirtLongCall)
      return switched.ok ? ok(false) : faultOf(switched.error)
    })
  }

  mergeDisk(id: string, device: string, merge: DiskMerge, how: Merging): Promise<Result<void>> {
    return this.#on(id, async ({ link, domain, state }) => {
      if (isOff(state)) return refuse('unavailable', 'the machine went off meanwhile')
      return mergeDisk({ link, domain, device, timers: this.#options.clock }, merge, how)
    })
  }

  consoleLog(id: string): Promise<Result<Uint8Array>> {
    return this.#on(id, async () => ok(await consoleTail(this.#logFile(id), limits.consoleLog)))
  }

  console(id: string, data: (bytes: Uint8Array) => void, closed: () => void): ReturnType<Compute['console']> {
    return this.#on(id, async ({ link, domain, state }) => {
      if (isOff(state)) return refuse('precondition', 'the machine is off: it has no console')
      const stream = await link.stream(procedures.openConsole, domain, { data, closed })
      return stream.ok ? ok(stream.value) : faultOf(stream.error)
    })
  }

  screen(id: string, password: string, data: (bytes: Uint8Array) => void, closed: () => void): ReturnType<Compute['screen']> {
    return this.#on(id, async ({ link, domain, state }) => {
      if (isOff(state)) return refuse('precondition', 'the machine is off: it has no screen')
      const xml = await link.call(procedures.xml, { domain, flags: 0 })
      if (!xml.ok) return faultOf(xml.error)
      const socket = screenSocketOf(xml.value)
      if (socket === null) return refuse('precondition', 'the machine was started without a screen: stop it and start it again')
      const until = this.#options.clock.now() + limits.ticket
      const opened = await link.call(procedures.updateDevice, { domain, xml: screenXml(socket, password, until) })
      if (!opened.ok) return faultOf(opened.error)
      return joinScreen(this.#options.here?.(socket) ?? socket, data, closed)
    })
  }

  screenshot(id: string): Promise<Result<Uint8Array>> {
    return this.#on(id, async ({ link, domain, state }) => {
      if (isOff(state)) return refuse('precondition', 'the machine is off: it has no screen')
      return pictureOf(link, domain)
    })
  }

  guestFacts(id: string): Promise<Result<GuestFacts>> {
    return this.#on(id, async held => {
      const interfaces = await this.#askGuest(held, guestCommand('guest-network-get-interfaces'))
      if (!interfaces.ok) return interfaces
      // Older agents do not know these two.
      const host = await this.#askGuest(held, guestCommand('guest-get-host-name'))
      const os = await this.#askGuest(held, guestCommand('guest-get-osinfo'))
      return ok(
        guestFactsOf(
          host.ok ? guestReturn(HostName, host.value) : null,
          os.ok ? guestReturn(OsInfo, os.value) : null,
          guestReturn(Interfaces, interfaces.value),
        ),
      )
    })
  }

  setGuestPassword(id: string, user: string, password: string): Promise<Result<void>> {
    const command = { username: user, password: Buffer.from(password).toString('base64'), crypted: false }
    return this.#on(id, held => this.#tellGuest(held, guestCommand('guest-set-user-password', command)))
  }

  addGuestKeys(id: string, user: string, keys: readonly string[]): Promise<Result<void>> {
    const command = { username: user, keys, reset: false }
    return this.#on(id, held => this.#tellGuest(held, guestCommand('guest-ssh-add-authorized-keys', command)))
  }

  async #askGuest({ link, domain, state }: Held, command: string): Promise<Result<string>> {
    if (isOff(state)) return refuse('precondition', 'the machine is off: start it first')
    const answer = await link.call(procedures.guest, { domain, command, seconds: limits.guestAsk / 1_000 })
    return answer.ok ? ok(answer.value ?? '') : guestFault(answer.error)
  }

  async #tellGuest(held: Held, command: string): Promise<Result<void>> {
    const answer = await this.#askGuest(held, command)
    return answer.ok ? ok(undefined) : answer
  }

  async counters(): Promise<Result<Counted>> {
    const link = await this.#session.connection()
    if (!link.ok) return faultOf(link.error)
    const stats = await link.value.call(procedures.stats, { stats: whatCounts, flags: runningWithoutWaiting })
    if (!stats.ok) return faultOf(stats.error)
    const machines = new Map<string, Counters>()
    for (const { domain, values } of stats.value) {
      const id = this.#known.get(uuidText(domain.uuid))
      if (id) machines.set(id, countersOf(values))
    }
    return ok({ host: await hostCounters(), machines })
  }

  async leave(id: string, peer: Peer, options: LeaveOptions): Promise<Departure> {
    return leave(await this.#moveParts(), id, peer, options)
  }

  async arrive(definition: Definition): Promise<Result<Arrival>> {
    const link = await this.#session.connection()
    if (!link.ok) return faultOf(link.error)
    const told = await tellSecrets(link.value, this.#options.instance, definition.disks)
    if (!told.ok) return told
    await mkdir(this.#options.logDir, { recursive: true, mode: 0o711 })
    return arrive(await this.#moveParts(), definition)
  }

  async adopt(definition: Definition): Promise<Result<void>> {
    const link = await this.#session.connection()
    if (!link.ok) return faultOf(link.error)
    const defined = await link.value.call(
      procedures.define,
      domainXml(definition, await this.#domainHost()),
      limits.libvirtLongCall,
    )
    return defined.ok ? ok(undefined) : faultOf(defined.error)
  }

  async abandon(id: string): Promise<Result<'arrived' | 'nothing'>> {
    const link = await this.#session.connection()
    if (!link.ok) return faultOf(link.error)
    const runs = await settleArrival(link.value, await this.#domainHost(), id)
    if (!runs.ok) return runs
    if (runs.value) return ok('arrived')
    await this.#forget(id, domainName(this.#options.tag, id))
    return ok('nothing')
  }

  stay(id: string): Promise<Result<void>> {
    return this.#onIfThere(id, held =>
      held.state.state === paused
        ? this.#do(held, procedures.resume, held.domain, ({ state }) => state !== paused)
        : ok(undefined),
    )
  }

  watch(changed: (id: string | null) => void): void {
    this.#watchers.add(changed)
    this.#session.keep()
  }

  async close(): Promise<void> {
    this.#watchers.clear()
    this.#session.close()
  }

  #domainHost(): Promise<DomainHost> {
    const { instance, tag, emulator } = this.#options
    this.#host ??= (async () => ({
      instance,
      tag,
      acceleration: this.#options.acceleration ?? (await acceleration()),
      uefi: await uefiFirmware(),
      architecture: architecture(),
      ...(emulator === undefined ? {} : { emulator }),
      consoleLog: id => this.#logFile(id),
    }))()
    return this.#host
  }

  async #moveParts(): Promise<MoveParts> {
    const { socket, uri, clock, moveDir } = this.#options
    return {
      socket,
      uri,
      timers: clock,
      dir: moveDir ?? join(this.#options.logDir, 'moves'),
      host: await this.#domainHost(),
      forget: id => this.#forget(id, domainName(this.#options.tag, id)),
    }
  }

  #logName(id: string): string {
    return `${encodeURIComponent(id)}.log`
  }

  #logFile(id: string): string {
    return join(this.#options.logDir, this.#logName(id))
  }

  /** Removes what was logged of a machine: its console's, and QEMU's, which libvirt leaves behind for ever. */
  async #forget(id: string, domain: string): Promise<void> {
    await removeLog(this.#options.logDir, this.#logName(id))
    // Not ours to keep in order: where it cannot be removed, the machine goes all the same.
    if (isFileName(domain))
      await removeLog(this.#options.qemuLogDir ?? '/var/log/libvirt/qemu', `${domain}.log`).catch(() => undefined)
  }

  /** What a domain is and how it stands; null when it is not ours, or went meanwhile. */
  async #hold(link: Connection, domain: Domain): Promise<Answer<Held | null>> {
    const nobodys = { ok: true, value: null } as const
    const metadata = await link.call(procedures.metadata, { domain, uri: metadataNamespace })
    if (!metadata.ok)
      return [libvirtErrors.noDomain, libvirtErrors.noDomainMetadata].some(code => isCode(metadata.error, code))
        ? nobodys
        : metadata
    const mark = readMark(metadata.value)
    const uuid = uuidText(domain.uuid)
    const ours = mark?.instance === this.#options.instance && uuidText(domainUuid(mark.instance, mark.id)) === uuid
    this.#known.set(uuid, ours ? mark.id : null)
    if (!ours) return nobodys
    const state = await standingOf(link, domain)
    if (!state.ok) return isCode(state.error, libvirtErrors.noDomain) ? nobodys : state
    return { ok: true, value: { link, domain, state: state.value, mark } }
  }

  async #find(id: string): Promise<Result<Held | null>> {
    const link = await this.#session.connection()
    if (!link.ok) return faultOf(link.error)
    const domain = await link.value.call(procedures.lookup, domainUuid(this.#options.instance, id))
    if (!domain.ok) return isCode(domain.error, libvirtErrors.noDomain) ? ok(null) : faultOf(domain.error)
    const held = await this.#hold(link.value, domain.value)
    return held.ok ? ok(held.value) : faultOf(held.error)
  }

  async #on<T>(id: string, run: (held: Held) => Result<T> | Promise<Result<T>>): Promise<Result<T>> {
    const held = await this.#find(id)
    if (!held.ok) return held
    return held.value ? run(held.value) : notHere(id)
  }

  async #onIfThere(
    id: string,
    run: (held: Held) => Result<void> | Promise<Result<void>>,
    gone: () => Promise<void> = async () => undefined,
  ): Promise<Result<void>> {
    const held = await this.#find(id)
    if (!held.ok) return held
    if (held.value) return run(held.value)
    await gone()
    return ok(undefined)
  }

  /** A call that libvirt refuses because its goal was reached meanwhile (`reached` by the state then) has succeeded. */
  async #do<A, R>(
    { link, domain }: Held,
    procedure: Procedure<A, R>,
    args: A,
    reached: (state: Standing) => boolean,
    deadline?: number,
  ): Promise<Result<void>> {
    const done = await link.call(procedure, args, deadline)
    if (done.ok) return ok(undefined)
    if (isCode(done.error, libvirtErrors.operationInvalid)) {
      const now = await standingOf(link, domain)
      if (now.ok && reached(now.value)) return ok(undefined)
    }
    return faultOf(done.error)
  }

  async #plugged({ link, domain, state }: Held): Promise<Result<PluggedDisk[]>> {
    const saved = await link.call(procedures.xml, { domain, flags: asSaved })
    if (!saved.ok) return isCode(saved.error, libvirtErrors.noDomain) ? ok([]) : faultOf(saved.error)
    const live = isOff(state) ? null : await link.call(procedures.xml, { domain, flags: 0 })
    if (live && !live.ok) return isCode(live.error, libvirtErrors.noDomain) ? ok([]) : faultOf(live.error)
    return ok(pluggedDisks(live?.value ?? null, saved.value, seedDevice))
  }

  async #found({ domain, state, mark }: Held): Promise<FoundMachine> {
    return { id: mark.id, ...seenOf(state), shape: mark.shape, run: await this.#run(domain, mark, state) }
  }

  /** libvirt's running number may begin again when libvirtd restarts, so QEMU's start is added where it can be read. */
  async #run(domain: Domain, mark: Mark, state: Standing): Promise<string> {
    if (isOff(state)) return ''
    const name = domainName(this.#options.tag, mark.id)
    const started = await startOf(join(this.#options.stateDir ?? '/run/libvirt/qemu', `${name}.pid`))
    return started === null ? `${domain.id}` : `${domain.id}-${started}`
  }

  async #changed({ domain, event }: LifecycleEvent): Promise<void> {
    const uuid = uuidText(domain.uuid)
    if (event === stoppedEvent) this.#restarts.heard(uuid, 'off')
    if (!this.#known.has(uuid)) {
      const link = await this.#session.connection()
      if (link.ok) await this.#hold(link.value, domain)
    }
    const id = this.#known.get(uuid)
    if (id) this.#tell(id)
  }

  #tell(id: string | null): void {
    for (const changed of this.#watchers) changed(id)
  }
}
