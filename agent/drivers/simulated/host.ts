import type { Timers } from '@sirocco/shared/kit/clock.ts'
import { type Fault, type Refused, refuse } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { emptyState, type SimulatedMachine, type SimulatedState, type SimulatedStore } from './state.ts'

/** What a simulated host is made of, and what it shall refuse. Sizes in MiB, times in milliseconds. */
export interface SimulatedOptions {
  readonly timers: Timers
  readonly name: string
  readonly bootId: string
  readonly cpus?: number
  readonly memoryMiB?: number
  readonly diskMiB?: number
  /** From start to a login prompt, and from the power button to off. */
  readonly bootMs?: number
  readonly stopMs?: number
  /** From the first to the last byte of a machine that leaves. */
  readonly moveMs?: number
  /** Ranges that something else on this host has taken already. */
  readonly taken?: readonly string[]
  /** Asked before every verb (`compute.start`, `storage.keep` …): a fault to answer instead of doing it. */
  readonly inject?: (verb: string, subject: string | null) => Fault | null
  /** Of an earlier life of this host. */
  readonly state?: SimulatedState
  /** Called after every change; what it throws ends the verb. */
  readonly save?: (state: SimulatedState) => void
}

/** Parts of a machine's name that make its guest misbehave. */
export const sentinels = { define: 'fail-define', boot: 'fail-boot', deaf: 'fail-stop', holds: 'fail-detach' } as const

type ConsoleReader = { data(bytes: Uint8Array): void; closed(): void }

const bytesOf = (text: string) => new TextEncoder().encode(text)

/**
 * A host and its hypervisor that live outside the agent's life: machines on it go on while no agent looks. Drivers of any number
 * of instances and lives of agents share one; what the world does to a host are its own methods.
 */
export class SimulatedHost {
  readonly timers: Timers
  readonly name: string
  readonly cpus: number
  readonly memoryMiB: number
  readonly diskMiB: number
  readonly bootMs: number
  readonly stopMs: number
  readonly moveMs: number
  readonly taken: readonly string[]
  readonly #inject: SimulatedOptions['inject']
  readonly #save: SimulatedOptions['save']
  readonly #state: SimulatedState
  readonly #due = new Map<string, { cancel(): void }>()
  readonly #watchers = new Set<(instance: string | null, id: string | null) => void>()
  readonly #readers = new Map<string, ConsoleReader>()
  readonly #typed = new Map<string, string>()
  #answers = true

  /** Nothing may be written to its pool but what is there: for tests of what goes then. */
  short = false

  constructor(options: SimulatedOptions) {
    this.timers = options.timers
    this.name = options.name
    this.cpus = options.cpus ?? 16
    this.memoryMiB = options.memoryMiB ?? 64 * 1024
    this.diskMiB = options.diskMiB ?? 1024 * 1024
    this.bootMs = options.bootMs ?? 2_000
    this.stopMs = options.stopMs ?? 500
    this.moveMs = options.moveMs ?? 500
    this.taken = options.taken ?? []
    this.#inject = options.inject
    this.#save = options.save
    this.#state = options.state ?? emptyState(options.bootId)
    if (this.#state.bootId !== options.bootId) this.restart(options.bootId)
    for (const key of Object.keys(this.#state.machines)) this.#arm(key)
  }

  get bootId(): string {
    return this.#state.bootId
  }

  /** Why `verb` cannot be done just now; null: go on. */
  refusal(verb: string, subject: string | null): Refused | null {
    const fault = this.#inject?.(verb, subject) ?? null
    if (fault) return { ok: false, fault }
    return this.#answers || !verb.startsWith('compute.') ? null : refuse('unavailable', 'the hypervisor does not answer')
  }

  machine(instance: string, id: string): SimulatedMachine | undefined {
    return this.#state.machines[`${instance}/${id}`]
  }
  machines(instance: string): SimulatedMachine[] {
    return Object.values(this.#state.machines).filter(machine => machine.instance === instance)
  }
  /** Of every instance. */
  memoryInUseMiB(): number {
    return Object.values(this.#state.machines).reduce((sum, m) => sum + (isUp(m) ? m.memoryMiB : 0), 0)
  }
  store(instance: string): SimulatedStore {
    return (this.#state.stores[instance] ??= { images: {}, volumes: {}, snapshots: {}, homes: [], networks: {} })
  }
  /** Does a volume of this instance lie here, a bridge of any instance have this name? */
  volumeExists(instance: string, volume: string): boolean {
    return this.#state.stores[instance]?.volumes[volume] !== undefined
  }
  bridgeExists(bridge: string): boolean {
    return Object.values(this.#state.stores).some(s => Object.values(s.networks).some(n => n.bridge === bridge))
  }

  put(machine: SimulatedMachine): void {
    const key = `${machine.instance}/${machine.id}`
    this.#state.machines[key] = machine
    this.#arm(key)
    this.#changed(machine)
  }
  drop(machine: SimulatedMachine): void {
    const key = `${machine.instance}/${machine.id}`
    delete this.#state.machines[key]
    this.#arm(key)
    this.#hangUp(key)
    this.#changed(machine)
  }
  saved(): void {
    this.#save?.(this.#state)
  }

  boot(machine: SimulatedMachine): void {
    const now = this.timers.now()
    const dies = machine.name.includes(sentinels.boot)
    const banner = `\r\nSimulated host ${this.name}: booting ${machine.name} (start ${machine.starts + 1})\r\n`
    this.put({
      ...machine,
      power: 'running',
      cause: 'unknown',
      starts: machine.starts + 1,
      startedAt: now,
      upAt: dies ? null : now + this.bootMs,
      offAt: dies ? now + Math.ceil(this.bootMs / 4) : null,
      offCause: 'crash',
      log: clip(machine.log + banner),
    })
    this.#show(`${machine.instance}/${machine.id}`, banner)
  }
  /** Stands still: in memory, or on disk; what was due in the guest waits. */
  freeze(machine: SimulatedMachine, power: 'paused' | 'suspended'): void {
    this.put({ ...machine, power, ...(power === 'suspended' ? { cause: 'asked' as const } : {}) })
    if (power === 'suspended') this.#hangUp(`${machine.instance}/${machine.id}`)
  }
  thaw(machine: SimulatedMachine): void {
    this.put({ ...machine, power: 'running', cause: 'unknown', startedAt: machine.startedAt || this.timers.now() })
  }
  off(machine: SimulatedMachine, cause: 'asked' | 'guest' | 'crash'): void {
    this.put({ ...machine, power: 'stopped', cause, upAt: null, offAt: null })
    this.#hangUp(`${machine.instance}/${machine.id}`)
  }
  /** The power button: heard by a guest that is up. */
  press(machine: SimulatedMachine): void {
    const hears = machine.upAt !== null && machine.upAt <= this.timers.now() && !machine.name.includes(sentinels.deaf)
    if (hears && machine.offAt === null) this.put({ ...machine, offAt: this.timers.now() + this.stopMs, offCause: 'guest' })
  }

  /** What happens inside a guest by itself. */
  guestShutsDown(instance: string, id: string): void {
    const machine = this.machine(instance, id)
    if (machine?.power === 'running') this.off(machine, 'guest')
  }
  guestCrashes(instance: string, id: string): void {
    const machine = this.machine(instance, id)
    if (machine && isUp(machine)) this.off(machine, 'crash')
  }
  /** The host loses power and comes back: nothing runs, networks are gone, definitions and disks are there. */
  restart(bootId: string): void {
    this.#state.bootId = bootId
    for (const [key, { incoming }] of Object.entries(this.#state.machines)) if (incoming) delete this.#state.machines[key]
    for (const machine of Object.values(this.#state.machines))
      this.#state.machines[`${machine.instance}/${machine.id}`] = {
        ...machine,
        ...(machine.power === 'suspended' ? {} : ({ power: 'stopped', upAt: null, offAt: null } as const)),
        cause: 'unknown',
      }
    for (const store of Object.values(this.#state.stores)) store.networks = {}
    for (const key of Object.keys(this.#state.machines)) this.#arm(key)
    for (const key of [...this.#readers.keys()]) this.#hangUp(key)
    this.saved()
    for (const watcher of this.#watchers) watcher(null, null)
  }
  /** The hypervisor's daemon dies, machines go on; coming back, it has forgotten why machines are off. */
  hypervisorDies(): void {
    this.#answers = false
    for (const key of [...this.#readers.keys()]) this.#hangUp(key)
  }
  hypervisorReturns(): void {
    this.#answers = true
    for (const [key, machine] of Object.entries(this.#state.machines))
      if (machine.power === 'stopped') this.#state.machines[key] = { ...machine, cause: 'unknown' }
    this.saved()
    for (const watcher of this.#watchers) watcher(null, null)
  }

  watch(watcher: (instance: string | null, id: string | null) => void): { end(): void } {
    this.#watchers.add(watcher)
    return { end: () => void this.#watchers.delete(watcher) }
  }
  join(instance: string, id: string, reader: ConsoleReader): { type(bytes: Uint8Array): void; leave(): void } {
    const key = `${instance}/${id}`
    this.#hangUp(key)
    this.#readers.set(key, reader)
    return {
      type: bytes => {
        if (this.#readers.get(key) === reader) this.#type(key, new TextDecoder().decode(bytes))
      },
      leave: () => {
        if (this.#readers.get(key) === reader) this.#hangUp(key)
      },
    }
  }
  /** Ends this host's timers; its state stays as it is. */
  close(): void {
    for (const timer of this.#due.values()) timer.cancel()
    this.#due.clear()
  }

  #changed(machine: SimulatedMachine): void {
    this.saved()
    for (const watcher of this.#watchers) watcher(machine.instance, machine.id)
  }
  #hangUp(key: string): void {
    const reader = this.#readers.get(key)
    this.#readers.delete(key)
    this.#typed.delete(key)
    reader?.closed()
  }

  /** Waits for the next thing that is due in this guest. */
  #arm(key: string): void {
    this.#due.get(key)?.cancel()
    this.#due.delete(key)
    const machine = this.#state.machines[key]
    if (machine?.power !== 'running') return
    const prompted = machine.upAt === null || machine.log.endsWith(prompt(machine))
    const at = Math.min(machine.offAt ?? Number.POSITIVE_INFINITY, prompted ? Number.POSITIVE_INFINITY : (machine.upAt ?? 0))
    if (at === Number.POSITIVE_INFINITY) return
    this.#due.set(
      key,
      this.timers.after(Math.max(0, at - this.timers.now()), () => this.#happen(key)),
    )
  }
  #happen(key: string): void {
    const machine = this.#state.machines[key]
    if (machine?.power !== 'running') return
    const now = this.timers.now()
    if (machine.offAt !== null && machine.offAt <= now) {
      this.off(machine, machine.offCause)
      return
    }
    if (machine.upAt !== null && machine.upAt <= now && !machine.log.endsWith(prompt(machine))) this.#print(key, prompt(machine))
    this.#arm(key)
  }

  #print(key: string, text: string): void {
    const machine = this.#state.machines[key]
    if (!machine) return
    this.#state.machines[key] = { ...machine, log: clip(machine.log + text) }
    this.saved()
    this.#show(key, text)
  }
  #show(key: string, text: string): void {
    this.#readers.get(key)?.data(bytesOf(text))
  }

  #type(key: string, text: string): void {
    const machine = this.#state.machines[key]
    if (!machine || machine.upAt === null || machine.upAt > this.timers.now()) return
    const lines = ((this.#typed.get(key) ?? '') + text).split(/\r\n|\r|\n/)
    this.#print(key, text.replaceAll(/\r\n|\r|\n/g, '\r\n'))
    this.#typed.set(key, (lines.pop() ?? '').slice(-1_024))
    for (const line of lines) this.#run(key, machine, line.trim())
  }
  #run(key: string, machine: SimulatedMachine, line: string): void {
    const answers: Readonly<Record<string, () => string>> = {
      hostname: () => machine.name,
      uptime: () => `up ${Math.floor((this.timers.now() - machine.startedAt) / 1_000)} s`,
      'ip a': () => machine.addresses.join('\r\n'),
      help: () => 'hostname, uptime, ip a, poweroff, panic',
    }
    const end = { poweroff: 'guest', panic: 'crash' } as const
    if (line === 'poweroff' || line === 'panic') {
      this.off(machine, end[line])
      return
    }
    const answer = answers[line]?.() ?? (line === '' || line === 'root' ? '' : `sh: ${line}: not found`)
    this.#print(key, `${answer === '' ? '' : `${answer}\r\n`}${machine.name}:~# `)
  }
}

/** Does it hold memory of the host? */
export const isUp = ({ power }: SimulatedMachine): boolean => power === 'running' || power === 'paused'

export const volumePath = (instance: string, volume: string, layer: number) => `simulated:/${instance}/volumes/${volume}/${layer}`

const prompt = (machine: SimulatedMachine) => `\r\n${machine.name} login: `
const clip = (log: string) => log.slice(-limits.consoleLog)
