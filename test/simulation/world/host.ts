import { type Agent, composeAgent } from '@sirocco/agent/compose.ts'
import { simulatedCompute } from '@sirocco/agent/drivers/simulated/compute.ts'
import { SimulatedHost } from '@sirocco/agent/drivers/simulated/host.ts'
import { simulatedNetworks } from '@sirocco/agent/drivers/simulated/networks.ts'
import { simulatedStorage } from '@sirocco/agent/drivers/simulated/storage.ts'
import { type SimulatedSite, simulatedUnderlay } from '@sirocco/agent/drivers/simulated/underlay.ts'
import { simulatedVolumes } from '@sirocco/agent/drivers/simulated/volumes.ts'
import type { Compute } from '@sirocco/agent/ports/compute.ts'
import type { Underlay } from '@sirocco/agent/ports/move.ts'
import type { Timers } from '@sirocco/shared/kit/clock.ts'
import { type Fault, refuse } from '@sirocco/shared/kit/fault.ts'
import { below, chance, hex, pick, type Random } from '@sirocco/shared/kit/random.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { SimulatedDisk } from './disk.ts'
import type { FaultCount } from './faults.ts'
import { withLatency } from './latency.ts'
import { Life, WallClock } from './life.ts'
import { type Mouth, SimulatedLink } from './link.ts'
import type { SimulatedTime } from './time.ts'
import type { Trace } from './trace.ts'

/** The name of the one installation of this world on its hosts. */
export const instance = 'sim'

/** Where agents dial. Refused (null) while nobody listens. */
export interface Door {
  accept(agent: string, link: SimulatedLink): boolean
}

/** What a mutant may put between the agent and its host. */
export interface HostMutations {
  disk?(disk: SimulatedDisk): void
  compute?(compute: Compute): Compute
  /** Messages on their way to the agent; null: they never come. */
  toAgent?(text: string, host: HostMachine): string | null
  /** Before the agent's process begins. */
  onStart?(host: HostMachine): void
}

export interface HostParts {
  readonly time: SimulatedTime
  readonly random: Random
  readonly trace: Trace
  readonly faults: FaultCount
  readonly door: Door
  readonly id: string
  readonly name: string
  readonly agent: string
  readonly image: { readonly sha256: string; readonly bytes: Uint8Array }
  readonly mutations: HostMutations
  /** Joins it to the other hosts of the world. */
  readonly site: SimulatedSite
  /** Chance that a word between two hosts is lost. */
  readonly lostWords: () => number
  /** Called after anything changed on the host. */
  readonly changed: () => void
  /** Told of every record of usage that the agent sends, however often. */
  readonly usage: { reported(text: string): void }
  /** A rule of the world was broken here. */
  readonly violation: (what: string) => void
}

const megabyte = 1024

/** One physical machine with its hypervisor, its disk, and the agent that comes and goes on it. */
export class HostMachine {
  readonly parts: HostParts
  readonly clock: WallClock
  readonly disk: SimulatedDisk
  readonly sim: SimulatedHost
  /** Starts and resets that reached the hypervisor, by machine. */
  readonly starts = new Map<string, number>()
  readonly resets = new Map<string, number>()
  /** Chance that a call of a driver is refused, and that an agent dies at a crash point it passes. */
  refusals = 0
  crashes = 0
  /** Only this crash point kills, at its n-th passing; null: by chance. */
  crashAt: { point: string; n: number } | null = null
  readonly passed = new Map<string, number>()
  poolFull = false
  #life: Life | null = null
  #link: SimulatedLink | null = null
  #bootId: string
  #restart: { cancel(): void } | null = null
  /** False from a reboot until the agent was welcomed again: nothing may be started then. */
  #mayStart = true

  constructor(parts: HostParts, size: { cpus: number; memoryMiB: number; diskMiB: number }) {
    const { time, random, id, name } = parts
    this.parts = parts
    this.clock = new WallClock(time)
    this.disk = new SimulatedDisk(random)
    this.#bootId = hex(random, 8)
    const timers: Timers = { now: () => this.clock.now(), after: (ms, run) => time.after(ms, run) }
    this.sim = new SimulatedHost({
      timers,
      name,
      bootId: this.#bootId,
      ...size,
      bootMs: 1_500,
      stopMs: 800,
      save: () => parts.changed(),
      inject: (verb, subject) => this.#refusal(verb, subject),
    })
    parts.mutations.disk?.(this.disk)
    this.#trace(`${id} stands`)
  }

  get id(): string {
    return this.parts.id
  }
  get name(): string {
    return this.parts.name
  }
  get link(): SimulatedLink | null {
    return this.#link
  }

  /** The agent's process begins (as its supervisor would). */
  start(): void {
    if (this.#life) return
    this.#restart = null
    this.parts.mutations.onStart?.(this)
    const life = new Life(this.parts.name, this.parts.time, this.clock)
    this.#life = life
    this.#trace('agent starts')
    void this.#run(life).catch((error: unknown) => {
      // A process that throws ends, and its supervisor starts another.
      if (!life.alive) return
      this.#trace(`agent failed: ${String(error)}`)
      this.kill()
    })
  }

  /** kill −9; the supervisor starts it again after a while. */
  kill(after = 500 + below(this.parts.random, 5_000)): void {
    this.#end()
    this.#restart?.cancel()
    this.#restart = this.parts.time.after(after, () => this.start())
  }

  /** Power lost and back: everything that ran is off, what was not synced is gone. */
  reboot(): void {
    this.#end()
    this.disk.powerCut()
    this.#bootId = hex(this.parts.random, 8)
    this.#mayStart = false
    this.sim.restart(this.#bootId)
    this.sim.hypervisorReturns()
    this.#restart?.cancel()
    this.#restart = this.parts.time.after(5_000 + below(this.parts.random, 20_000), () => this.start())
  }

  /** The link's last frame that says what is wanted came: from here on machines may be started again. */
  welcomed(): void {
    this.#mayStart = true
  }

  #end(): void {
    this.#life?.end()
    this.#life = null
    this.#link?.cutHalf('control')
    this.#link = null
  }

  async #run(life: Life): Promise<void> {
    const { parts } = this
    const { random } = parts
    const ports = { slowest: 40, sync: ['plug', 'watch', 'close'] }
    const compute = this.#watched(simulatedCompute(this.sim, instance), life)
    const agent = await composeAgent({
      hosts: [
        {
          id: parts.id,
          name: parts.name,
          compute: withLatency(parts.mutations.compute?.(compute) ?? compute, life, random, ports),
          storage: withLatency(simulatedStorage(this.sim, instance), life, random, ports),
          volumes: withLatency(simulatedVolumes(this.sim, instance), life, random, ports),
          networks: withLatency(simulatedNetworks(this.sim, instance), life, random, ports),
        },
      ],
      underlay: this.#underlay(life),
      disk: this.disk.of(life),
      timers: life.timers,
      random,
      fetchImage: file => this.#fetch(life, file.sha256),
      joinConsole: async () => refuse('unsupported', 'nobody looks at consoles here'),
      identity: { agentVersion: '0.1.0', bootId: this.#bootId, runId: hex(random, 8) },
      log: (level, message, more) => {
        if (level === 'error') this.#trace(`agent says: ${message}`)
        else parts.trace.detail(parts.name, () => `agent says: ${message} ${JSON.stringify(more)}`)
      },
      at: point => this.#at(life, point),
      meterEvery: 5_000,
    })
    this.#dial(life, agent, 0)
  }

  /** Dials, and dials again with doubling pauses, for as long as the process lives. */
  #dial(life: Life, agent: Agent, tries: number): void {
    const { time, random, door, mutations } = this.parts
    const again = (least: number) => {
      const full = Math.min(limits.reconnectMax, limits.reconnectFirst * 2 ** tries)
      life.timers.after(Math.max(least, full * (0.5 + random.next() / 2)), () => this.#dial(life, agent, Math.min(tries + 1, 10)))
    }
    const link = new SimulatedLink(time, random)
    if (!door.accept(this.parts.agent, link)) {
      again(0)
      return
    }
    this.#link = link
    let open = true
    let retryMs = 0
    let missed = 0
    const close = () => {
      if (!open) return
      open = false
      agent.session.closed()
      if (this.#link === link) this.#link = null
      if (life.alive) again(retryMs)
    }
    const mouth: Mouth = link.join('agent', {
      message: text => {
        if (!life.alive || !open) return
        if (text === 'pong') missed = 0
        else {
          const heard = mutations.toAgent ? mutations.toAgent(text, this) : text
          if (heard === null) return
          this.parts.trace.detail(`control → ${this.name}`, () => heard)
          if (heard.startsWith('{"type":"desired"')) this.welcomed()
          void agent.session.received(end, heard)
        }
      },
      closed: close,
    })
    const end = {
      send: (text: string) => {
        if (!life.alive || !open) return
        this.parts.trace.detail(`${this.name} → control`, () => text)
        if (text.startsWith('{"type":"usage"')) this.parts.usage.reported(text)
        mouth.send(text)
      },
      close: () => {
        mouth.close()
        close()
      },
    }
    life.onEnd(() => mouth.close())
    agent.session.opened(end, {
      welcome: beatMs => {
        tries = 0
        const beat = () => {
          if (!open || !life.alive) return
          if (missed >= 3) return end.close()
          missed++
          mouth.send('ping')
          life.timers.after(beatMs, beat)
        }
        life.timers.after(beatMs, beat)
      },
      bye: ms => {
        retryMs = ms
      },
    })
    // A link that is never welcomed is given up, as a socket that never opens.
    life.timers.after(limits.silence, () => {
      if (open && !agent.session.live) end.close()
    })
  }

  async *#fetch(life: Life, sha256: string): AsyncIterable<Uint8Array> {
    const { image, random } = this.parts
    if (sha256 !== image.sha256) throw new Error('no such image')
    for (let at = 0; at < image.bytes.byteLength; at += megabyte) {
      await life.pause(below(random, 30))
      yield image.bytes.subarray(at, at + megabyte)
    }
  }

  /** Counts what reaches the hypervisor, and watches that nothing is started after a reboot before it was told to. */
  #watched(compute: Compute, life: Life): Compute {
    const count = (of: Map<string, number>, id: string) => of.set(id, (of.get(id) ?? 0) + 1)
    return {
      ...compute,
      start: async id => {
        if (!this.#mayStart)
          this.parts.violation(`${this.parts.name} started ${id} after a reboot, before it was told what is wanted`)
        count(this.starts, id)
        this.parts.trace.detail(this.name, () => `start ${id}`)
        return compute.start(id)
      },
      reboot: async id => {
        const done = await compute.reboot(id)
        if (done.ok) count(this.resets, id)
        return done
      },
      watch: changed =>
        compute.watch(id => {
          if (life.alive) life.timers.after(0, () => changed(id))
        }),
    }
  }

  /** Words between hosts take time, get lost on either way, and are answered by the living only. */
  #underlay(life: Life): Underlay {
    const { site, random, time } = this.parts
    const inner = simulatedUnderlay(site)
    const silence = refuse('unavailable', 'the other host does not answer')
    return {
      address: inner.address,
      async receive(move, arrival) {
        const open = await inner.receive(move, { ...arrival, answer: question => life.hold(arrival.answer(question)) })
        if (open.ok) life.onEnd(() => open.value.close())
        return open
      },
      peer: (move, endpoint) => {
        const peer = inner.peer(move, endpoint)
        return {
          ...peer,
          ask: question => {
            const lost = chance(random, this.parts.lostWords()) ? pick(random, ['question', 'answer'] as const) : null
            const asked = async () => {
              await new Promise<void>(resolve => time.after(1 + below(random, 40), resolve))
              if (lost === 'question') return new Promise<never>(() => {})
              const answer = await peer.ask(question)
              return lost === 'answer' ? new Promise<never>(() => {}) : answer
            }
            const late = new Promise<typeof silence>(resolve => time.after(5_000, () => resolve(silence)))
            return life.hold(Promise.race([asked(), late]))
          },
        }
      },
    }
  }

  async #at(life: Life, point: string): Promise<void> {
    if (!life.alive) return new Promise(() => {})
    const n = (this.passed.get(point) ?? 0) + 1
    this.passed.set(point, n)
    const dies = this.crashAt ? this.crashAt.point === point && this.crashAt.n === n : chance(this.parts.random, this.crashes)
    if (!dies) return
    this.parts.faults.add('crash point')
    this.#trace(`agent dies at ${point}`)
    this.kill()
    return new Promise(() => {})
  }

  #refusal(verb: string, subject: string | null): Fault | null {
    if (this.poolFull && verb === 'volumes.make' && subject !== null && !this.sim.store(instance).volumes[subject]) {
      this.parts.faults.add('disk full')
      return { code: 'capacity', message: 'the pool is full' }
    }
    if (!chance(this.parts.random, this.refusals)) return null
    this.parts.faults.add('driver refused')
    return { code: 'unavailable', message: `${verb} did not answer` }
  }
  #trace(what: string): void {
    this.parts.trace.add(this.parts.name, what)
  }
}
