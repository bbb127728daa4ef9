import type { Client } from '@libsql/client/web'
import { privateCloud } from '@sirocco/control/adapters/clouds/private/connector.ts'
import { libsqlStore } from '@sirocco/control/adapters/store/store.ts'
import { type World as OperationsWorld, runDue, type Workflows } from '@sirocco/control/operations/engine.ts'
import type { AgentLinks } from '@sirocco/control/ports/agent-link.ts'
import type { Change } from '@sirocco/control/ports/changes.ts'
import type { Pokes } from '@sirocco/control/ports/pokes.ts'
import type { Secrets } from '@sirocco/control/ports/secrets.ts'
import type { Store } from '@sirocco/control/ports/store.ts'
import { reconcile } from '@sirocco/control/reconcile/index.ts'
import { AgentSession, type SessionState } from '@sirocco/control/services/agents/session.ts'
import { noteSilence } from '@sirocco/control/services/agents/silence.ts'
import type { Ports } from '@sirocco/control/services/context.ts'
import { minute, second } from '@sirocco/shared/kit/clock.ts'
import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { type Id, type Ids, ids as idsOf } from '@sirocco/shared/kit/id.ts'
import { below, chance, type Random } from '@sirocco/shared/kit/random.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import type { FaultCount } from './faults.ts'
import type { Door } from './host.ts'
import { Life, WallClock } from './life.ts'
import type { Mouth, SimulatedLink } from './link.ts'
import { lossyClient, type Network } from './lossy.ts'
import type { SimulatedTime } from './time.ts'
import type { Trace } from './trace.ts'

/** What a mutant may put into the control plane. */
export interface ControlMutations {
  client?(client: Client): Client
  store?(store: Store): Store
  workflows?(workflows: Workflows): Workflows
}

export interface ControlParts {
  readonly time: SimulatedTime
  readonly random: Random
  readonly trace: Trace
  readonly faults: FaultCount
  readonly database: Client
  readonly network: Network
  readonly secrets: Secrets
  readonly workflows: Workflows
  readonly agentOfHost: (host: string) => string
  readonly mutations: ControlMutations
}

/** One agent's socket as its link object keeps it: what sleeps beside it, and what is in memory while awake. */
interface Socket {
  readonly agent: Id<'agent'>
  readonly mouth: Mouth
  state: SessionState
  session: AgentSession | null
  /** Work that is under way: an object does not sleep then. */
  busy: number
  usedAt: number
  heardAt: number
  open: boolean
}

/** A link object forgets its memory after this long without an event, as measured. */
const sleepAfter = 10 * second
const cronEvery = minute
const linkAlarmEvery = 15 * second

/**
 * The control plane in plain Node: verbs, engine, reconcilers and link sessions as they are, on objects as the edge has them: memory
 * that is gone after a kill or a sleep, alarms that are not.
 */
export class ControlPlane implements Door {
  readonly #parts: ControlParts
  readonly clock: WallClock
  readonly ids: Ids
  readonly passed = new Map<string, number>()
  crashes = 0
  /** Chance that a poke never arrives, and that an alarm is late. */
  lostPokes = 0
  lateAlarms = 0
  crashAt: { point: string; n: number } | null = null
  #life: Life | null = null
  #ports: Ports | null = null
  readonly #sockets = new Map<string, Socket>()
  /** Agents without a socket, and since when this was noticed. */
  readonly #missing = new Map<string, number>()
  /** Alarms outlive everything: when they are due, by the object's name. */
  readonly #alarms = new Map<string, number>()
  readonly #armed = new Map<string, { cancel(): void }>()
  #restart: { cancel(): void } | null = null

  constructor(parts: ControlParts) {
    this.#parts = parts
    this.clock = new WallClock(parts.time)
    this.ids = idsOf(this.clock, parts.random)
  }

  get up(): boolean {
    return this.#life !== null
  }

  start(): void {
    if (this.#life) return
    this.#restart = null
    const life = new Life('control', this.#parts.time, this.clock)
    this.#life = life
    this.#ports = this.#compose(life)
    this.#trace('starts')
    for (const [name, at] of this.#alarms) this.#arm(life, name, at)
    const cron = () => {
      void this.#cron(life)
      life.timers.after(cronEvery, cron)
    }
    life.timers.after(below(this.#parts.random, cronEvery), cron)
  }

  /** kill −9 of the whole process group; the supervisor starts it again. */
  kill(after = 300 + below(this.#parts.random, 4_000)): void {
    this.#life?.end()
    this.#life = null
    this.#ports = null
    for (const timer of this.#armed.values()) timer.cancel()
    this.#armed.clear()
    for (const socket of this.#sockets.values()) socket.open = false
    this.#sockets.clear()
    this.#missing.clear()
    this.#restart?.cancel()
    this.#restart = this.#parts.time.after(after, () => this.start())
  }

  /** One request of a person, over a network that may lose it: `unavailable` says nothing about whether it was done. */
  async request<T>(run: (ports: Ports) => Promise<Result<T>>): Promise<Result<T>> {
    const { time, random } = this.#parts
    await new Promise<void>(resolve => time.after(below(random, 30), resolve))
    const [life, ports] = [this.#life, this.#ports]
    const lost = refuse('unavailable', 'the connection was lost')
    if (!life || !ports) return lost
    const result = await new Promise<Result<T>>((resolve, reject) => {
      const ended = life.onEnd(() => resolve(lost))
      run(ports).then(
        value => {
          ended.takeBack()
          resolve(value)
        },
        (error: unknown) => {
          ended.takeBack()
          reject(error)
        },
      )
    })
    await new Promise<void>(resolve => time.after(below(random, 30), resolve))
    return result
  }

  /** An agent dials. */
  accept(agent: string, link: SimulatedLink): boolean {
    const life = this.#life
    if (!life) return false
    this.#sockets.get(agent)?.mouth.close()
    const now = this.clock.now()
    const id = agent as Id<'agent'>
    const socket: Socket = {
      agent: id,
      mouth: link.join('control', {
        message: text => this.#heard(life, socket, text),
        closed: () => this.#closed(life, socket),
      }),
      state: { agent: id, epoch: 0, hosts: [] },
      session: null,
      busy: 0,
      usedAt: now,
      heardAt: now,
      open: true,
    }
    life.onEnd(() => link.cut())
    this.#sockets.set(agent, socket)
    this.#missing.delete(agent)
    this.#setAlarm(life, 'link', now + linkAlarmEvery)
    return true
  }

  #compose(life: Life): Ports {
    const { time, random, faults, database, network, secrets, mutations } = this.#parts
    const client = lossyClient(database, { life, time, random, network, faults })
    const plain = libsqlStore({
      client: mutations.client?.(client) ?? client,
      clock: this.clock,
      ids: this.ids,
      secrets,
      pause: life.pause,
    })
    const store = this.#withPoints(life, mutations.store?.(plain) ?? plain)
    const pokes: Pokes = {
      operations: shards => {
        for (const shard of shards) this.#poke(life, () => this.#operations(life, shard))
      },
      hosts: hosts => this.#poke(life, () => this.#pull(life, hosts)),
      events: () => {},
    }
    const links: AgentLinks = {
      send: async ({ host, ...command }) => {
        await life.pause(below(random, 10))
        const socket = this.#sockets.get(this.#parts.agentOfHost(host))
        if (!socket?.open) return refuse('unavailable', 'the host is not connected')
        return this.#using(socket, async () => this.#session(life, socket).command({ host, ...command }))
      },
      ask: async () => refuse('unsupported', 'nobody asks here'),
    }
    const streams = { open: async () => ok(undefined) }
    return { store, secrets, pokes, links, streams, clock: this.clock, random, ids: this.ids }
  }

  /** A crash point before and after each commit, named by what it writes. */
  #withPoints(life: Life, store: Store): Store {
    return {
      ...store,
      commit: async changes => {
        const kind = `commit.${kindOf(changes)}`
        await this.#at(life, `${kind}.before`)
        const written = await store.commit(changes)
        await this.#at(life, `${kind}.after`)
        return written
      },
    }
  }

  async #at(life: Life, point: string): Promise<void> {
    const n = (this.passed.get(point) ?? 0) + 1
    this.passed.set(point, n)
    const { random, faults } = this.#parts
    const dies = this.crashAt ? this.crashAt.point === point && this.crashAt.n === n : chance(random, this.crashes)
    if (!dies || !life.alive) return
    faults.add('crash point')
    this.#trace(`dies at ${point}`)
    this.kill()
    return new Promise(() => {})
  }

  #poke(life: Life, run: () => Promise<void>): void {
    const { random, faults } = this.#parts
    if (chance(random, this.lostPokes)) {
      faults.add('poke lost')
      return
    }
    life.timers.after(1 + below(random, 10), () => void run())
  }

  async #operations(life: Life, shard: number): Promise<void> {
    const ports = this.#ports
    if (!ports || !life.alive) return
    const world: OperationsWorld = { ...ports, clouds: { of: () => this.#connector(life, ports) } }
    const workflows = this.#parts.mutations.workflows?.(this.#parts.workflows) ?? this.#parts.workflows
    const next = await runDue(world, workflows, shard)
    const name = `operations-${shard}`
    if (!next.ok) return this.#setAlarm(life, name, this.clock.now() + 2 * second)
    if (next.value !== null) this.#setAlarm(life, name, next.value)
  }

  /** The private cloud, with a crash point before and after each call. */
  #connector(life: Life, ports: Ports) {
    const cloud = privateCloud(ports)
    return {
      ...cloud,
      ensure: async (machine: Parameters<typeof cloud.ensure>[0]) => {
        await this.#at(life, 'connector.ensure.before')
        const done = await cloud.ensure(machine)
        await this.#at(life, 'connector.ensure.after')
        return done
      },
      act: async (command: Parameters<typeof cloud.act>[0]) => {
        await this.#at(life, 'connector.act.before')
        const done = await cloud.act(command)
        await this.#at(life, 'connector.act.after')
        return done
      },
    }
  }

  async #cron(life: Life): Promise<void> {
    if (this.#ports && life.alive) await reconcile(this.#ports)
  }

  #setAlarm(life: Life, name: string, at: number): void {
    const before = this.#alarms.get(name)
    if (before !== undefined && before <= at) return
    this.#alarms.set(name, at)
    this.#arm(life, name, at)
  }
  #arm(life: Life, name: string, at: number): void {
    const { random, faults } = this.#parts
    let delay = Math.max(0, at - this.clock.now())
    if (chance(random, this.lateAlarms)) {
      faults.add('alarm late')
      delay += below(random, 20 * second)
    }
    this.#armed.get(name)?.cancel()
    this.#armed.set(
      name,
      life.timers.after(delay, () => {
        this.#armed.delete(name)
        this.#alarms.delete(name)
        if (name === 'link') void this.#linkAlarm(life)
        else void this.#operations(life, Number(name.slice('operations-'.length)))
      }),
    )
  }

  /** The silence of agents, and hosts that are behind. */
  async #linkAlarm(life: Life): Promise<void> {
    const ports = this.#ports
    if (!ports || !life.alive) return
    const now = this.clock.now()
    if (this.#sockets.size > 0 || this.#missing.size > 0) this.#setAlarm(life, 'link', now + linkAlarmEvery)
    for (const socket of [...this.#sockets.values()]) {
      if (now - socket.heardAt > limits.silence) {
        socket.mouth.close()
        this.#closed(life, socket)
      } else await this.#using(socket, () => this.#session(life, socket).sweep())
    }
    for (const [agent, since] of [...this.#missing]) {
      if (now - since < limits.silence) continue
      const found = await ports.store.agents.find(agent)
      if (!found.ok || this.#sockets.has(agent)) continue
      if (found.value.silentSince === null && !(await noteSilence(ports, found.value)).ok) continue
      this.#missing.delete(agent)
    }
  }

  async #pull(life: Life, hosts: readonly string[]): Promise<void> {
    for (const agent of new Set(hosts.map(host => this.#parts.agentOfHost(host)))) {
      const socket = this.#sockets.get(agent)
      if (socket?.open) void this.#using(socket, () => this.#session(life, socket).sweep())
      else if (!this.#missing.has(agent)) {
        this.#missing.set(agent, this.clock.now())
        this.#setAlarm(life, 'link', this.clock.now() + linkAlarmEvery)
      }
    }
  }

  #heard(life: Life, socket: Socket, text: string): void {
    if (!life.alive || !socket.open) return
    socket.heardAt = this.clock.now()
    // Answered beside the object: it is not woken.
    if (text === 'ping') socket.mouth.send('pong')
    else void this.#using(socket, () => this.#session(life, socket).message(text))
  }
  #closed(life: Life, socket: Socket): void {
    socket.open = false
    if (!life.alive) return
    socket.session?.forget()
    if (this.#sockets.get(socket.agent) !== socket) return
    this.#sockets.delete(socket.agent)
    this.#missing.set(socket.agent, this.clock.now())
    this.#setAlarm(life, 'link', this.clock.now() + linkAlarmEvery)
  }

  async #using<T>(socket: Socket, run: () => Promise<T>): Promise<T> {
    socket.busy++
    try {
      return await run()
    } finally {
      socket.busy--
      socket.usedAt = this.clock.now()
    }
  }

  /** The session of a socket, woken from what sleeps beside it where it slept. */
  #session(life: Life, socket: Socket): AgentSession {
    const ports = this.#ports
    if (!ports) throw new Error('nobody is here')
    if (socket.session && socket.busy === 1 && this.clock.now() - socket.usedAt > sleepAfter) socket.session = null
    socket.session ??= new AgentSession(
      {
        ports,
        send: text => {
          if (life.alive && socket.open) socket.mouth.send(text)
        },
        close: reason => {
          if (!life.alive || !socket.open) return
          this.#trace(`ends the link of ${socket.agent}: ${reason}`)
          socket.mouth.close()
          this.#closed(life, socket)
        },
        keep: state => {
          socket.state = state
        },
      },
      socket.state,
    )
    return socket.session
  }

  #trace(what: string): void {
    this.#parts.trace.add('control', what)
  }
}

/** What a batch is about, as crash points name it. */
export function kindOf(changes: readonly Change[]): string {
  const find = <D extends Change['do']>(kind: D) => changes.find((c): c is Extract<Change, { do: D }> => c.do === kind)
  const verb = find('audit')
  if (verb) return verb.verb
  const move = find('operation.move')
  if (move) return `operation.${move.log.step === '' ? move.to.state : move.log.step.replaceAll(' ', '-')}`
  return find('machine.observed')?.do ?? changes.find(c => c.do !== 'link.holds')?.do ?? 'nothing'
}
