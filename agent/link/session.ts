import type { Timers } from '@sirocco/shared/kit/clock.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { decode, encode } from '@sirocco/shared/wire/codec.ts'
import { type Delta, type ObjectSet, split } from '@sirocco/shared/wire/delta.ts'
import {
  type Ask,
  type Command,
  type Desired,
  type FromAgent,
  FromControl,
  type Hello,
  type Outcome,
  type UsageFrame,
} from '@sirocco/shared/wire/frames.ts'
import type { Seen, Wanted } from '@sirocco/shared/wire/objects.ts'
import type { Sample, Window } from '@sirocco/shared/wire/samples.ts'
import { protocol } from '@sirocco/shared/wire/version.ts'
import type { Log } from '../reconcile/reconciler.ts'
import type { Outbox } from './outbox.ts'

/** One open connection; `send` and `close` never throw. */
export interface Link {
  send(text: string): void
  close(reason: string): void
}

/** One host, as the session sees it. */
export interface HostEnd {
  readonly id: string
  readonly name: string
  desiredDigest(): string | null
  desire(delta: Delta<Wanted>): Promise<boolean>
  abandon(): void
  seen(): ObjectSet<Seen> | null
  onSeen(told: () => void): void
  onStale(stale: () => void): void
}

/** How busy one host is, as the session tells of it. */
export interface TelemetryEnd {
  readonly host: string
  recent(machine: string | null, after: number): readonly Sample[]
  windows(): readonly Window[]
  kept(at: number): void
  onWindow(ended: () => void): void
}

/** What one host is used for, as the session tells of it. */
export interface MeterEnd {
  readonly host: string
  next(): UsageFrame | null
  kept(series: string, n: number): Promise<void>
  linked(incarnation: string): Promise<void>
  onRecord(recorded: () => void): void
}

export interface SessionParts {
  readonly hosts: readonly HostEnd[]
  readonly telemetry: readonly TelemetryEnd[]
  readonly meters: readonly MeterEnd[]
  readonly outbox: Outbox
  readonly timers: Timers
  readonly log: Log
  /** Does a command; called at most once for each id. */
  readonly execute: (command: Command) => Promise<Outcome>
  readonly identity: {
    readonly agentVersion: string
    /** SHA-256 of the bundle that runs; left out where none does. */
    readonly bundle?: string
    readonly bootId: string
    readonly runId: string
  }
  /** Told that the link is live; asked, where it is refused, whether this agent should be another. */
  readonly upgrade?: { ask(): void; live(): void } | null
}

/** What whoever holds the link must know. */
export interface Heard {
  welcome(beatMs: number): void
  bye(retryMs: number): void
}

interface Told {
  readonly host: HostEnd
  /** What the control plane knows of this host within the epoch; null: nothing. */
  set: ObjectSet<Seen> | null
  /** Everything was asked for; changes on top of anything are of no use until it comes. */
  awaitsAll: boolean
}

/**
 * The agent's end of the link, over any number of connections one after the other. Frames are taken in one by one, in their order;
 * commands are done beside.
 */
export class Session {
  readonly #parts: SessionParts
  readonly #told: ReadonlyMap<string, Told>
  #link: Link | null = null
  #heard: Heard | null = null
  #epoch: number | null = null
  #seq = 0
  #frames: Promise<void> = Promise.resolve()
  #gathering: { cancel(): void } | null = null
  /** Hosts whose usage was told, and is not acknowledged. */
  readonly #spelling = new Set<string>()

  constructor(parts: SessionParts) {
    this.#parts = parts
    this.#told = new Map(parts.hosts.map(host => [host.id, { host, set: null, awaitsAll: false }]))
    for (const told of this.#told.values()) {
      told.host.onSeen(() => this.#tellSoon())
      told.host.onStale(() => this.#askForAll(told))
    }
    for (const each of parts.telemetry) each.onWindow(() => this.#tellWindows(each))
    for (const each of parts.meters) each.onRecord(() => this.#tellUsage(each))
  }

  /** Is there a link that was welcomed? */
  get live(): boolean {
    return this.#epoch !== null
  }

  /** A connection is open: introduces the agent. */
  opened(link: Link, heard: Heard): void {
    this.closed()
    this.#link = link
    this.#heard = heard
    const hello: Hello = {
      type: 'hello',
      protocol,
      ...this.#parts.identity,
      hosts: this.#parts.hosts.map(host => ({ id: host.id, name: host.name, desired: host.desiredDigest() })),
    }
    link.send(encode(hello))
  }

  /** The connection is gone; what was told on it may not have arrived. */
  closed(): void {
    this.#link = null
    this.#heard = null
    this.#epoch = null
    this.#gathering?.cancel()
    this.#gathering = null
    this.#spelling.clear()
    for (const told of this.#told.values()) {
      told.set = null
      told.awaitsAll = false
      told.host.abandon()
    }
  }

  /** Takes in one message of `link`; resolves when it is dealt with. */
  received(link: Link, message: string): Promise<void> {
    const taken = this.#frames.then(() => this.#receive(link, message))
    this.#frames = taken.catch(error => {
      this.#parts.log('error', 'a frame could not be taken in', { error: String(error) })
      link.close('internal')
    })
    return this.#frames
  }

  async #receive(link: Link, message: string): Promise<void> {
    if (link !== this.#link) return
    const frame = decode(FromControl, message)
    if (!frame.ok) {
      this.#parts.log('warn', 'the control plane sent what is no frame', { fault: frame.fault })
      return link.close('invalid frame')
    }
    if (frame.value.type !== 'welcome' && frame.value.type !== 'bye' && this.#epoch === null) return link.close('no welcome')
    await this.#take(frame.value)
  }

  async #take(frame: FromControl): Promise<void> {
    switch (frame.type) {
      case 'welcome':
        return this.#welcome(frame)
      case 'desired':
        return this.#desired(frame)
      case 'resync':
        return this.#resync(frame.host)
      case 'command':
        return this.#command(frame)
      case 'ask':
        return this.#answer(frame)
      case 'kept':
        return this.#telemetryOf(frame.host)?.kept(frame.at)
      case 'usage-kept':
        return this.#usageKept(frame)
      case 'ack':
        return this.#parts.outbox.acked(frame.n)
      case 'bye':
        this.#parts.log('warn', 'the control plane ends the link', { fault: frame.fault, retryMs: frame.retryMs })
        this.#heard?.bye(frame.retryMs)
        this.#parts.upgrade?.ask()
        return this.#link?.close('bye')
    }
  }

  #welcome({ epoch, beatMs, incarnation }: Extract<FromControl, { type: 'welcome' }>): void {
    this.#epoch = epoch
    this.#seq = 0
    this.#parts.log('info', 'the link is live', { epoch })
    this.#heard?.welcome(beatMs)
    this.#parts.upgrade?.live()
    for (const told of this.#told.values()) told.set = null
    this.#tell()
    for (const result of this.#parts.outbox.unacknowledged()) this.#send(result)
    for (const each of this.#parts.telemetry) this.#tellWindows(each)
    for (const each of this.#parts.meters)
      each.linked(incarnation).then(
        () => this.#tellUsage(each),
        (error: unknown) => this.#parts.log('warn', 'usage could not be written down', { host: each.host, error: String(error) }),
      )
  }

  async #desired({ host, base, digest, changed, gone }: Desired): Promise<void> {
    const told = this.#told.get(host)
    if (!told) return this.#parts.log('warn', 'something is wanted on a host that is not here', { host })
    if (told.awaitsAll && base !== null) return
    told.awaitsAll = false
    if (!(await told.host.desire({ base, digest, changed, gone }))) this.#askForAll(told)
  }

  #askForAll(told: Told): void {
    if (this.#epoch === null || told.awaitsAll) return
    told.awaitsAll = true
    this.#send({ type: 'resync', host: told.host.id })
  }

  #resync(host: string): void {
    const told = this.#told.get(host)
    if (told) told.set = null
    this.#tell()
  }

  #telemetryOf(host: string): TelemetryEnd | undefined {
    return this.#parts.telemetry.find(each => each.host === host)
  }

  #answer({ id, epoch, host, question }: Ask): void {
    if (epoch !== this.#epoch) return
    const telemetry = this.#telemetryOf(host)
    const outcome: Outcome = telemetry
      ? { ok: true, value: JSON.stringify(telemetry.recent(question.machine, question.after)) }
      : refused('not_found', 'no such host is here')
    this.#send({ type: 'answer', id, outcome })
  }

  #tellWindows(telemetry: TelemetryEnd): void {
    if (this.#epoch === null) return
    for (const window of telemetry.windows()) this.#send({ type: 'history', host: telemetry.host, window })
  }

  /** One record at a time: the next follows its acknowledgement. */
  #tellUsage(meter: MeterEnd): void {
    if (this.#epoch === null || this.#spelling.has(meter.host)) return
    const frame = meter.next()
    if (!frame) return
    this.#spelling.add(meter.host)
    this.#send(frame)
  }

  async #usageKept({ host, series, n }: Extract<FromControl, { type: 'usage-kept' }>): Promise<void> {
    const meter = this.#parts.meters.find(each => each.host === host)
    if (!meter) return
    await meter.kept(series, n)
    this.#spelling.delete(host)
    this.#tellUsage(meter)
  }

  async #command(command: Command): Promise<void> {
    const { outbox, timers } = this.#parts
    if (command.epoch !== this.#epoch) return
    const before = outbox.resultOf(command.id)
    if (before) return this.#send(before)
    const now = timers.now()
    if (!(await outbox.begin(command.id, command.host, command.deadline, now))) return
    if (now > command.deadline) return this.#end(command, refused('unavailable', 'the command came after its deadline'))
    if (!this.#told.has(command.host)) return this.#end(command, refused('not_found', 'no such host is here'))
    void this.#parts
      .execute(command)
      .catch((error: unknown) => {
        this.#parts.log('error', 'a command failed unexpectedly', { command: command.id, error: String(error) })
        return refused('internal', 'something unexpected happened on the host')
      })
      .then(outcome => this.#end(command, outcome))
      .catch((error: unknown) => this.#parts.log('error', 'a result could not be kept', { error: String(error) }))
  }

  async #end({ id, host }: Command, outcome: Outcome): Promise<void> {
    const result = await this.#parts.outbox.end(id, host, outcome)
    if (this.#epoch !== null) this.#send(result)
  }

  #send(frame: FromAgent): void {
    this.#link?.send(encode(frame))
  }

  #tellSoon(): void {
    if (this.#epoch === null || this.#gathering) return
    this.#gathering = this.#parts.timers.after(limits.gather, () => {
      this.#gathering = null
      this.#tell()
    })
  }

  /** Sends what the control plane does not know yet. */
  #tell(): void {
    if (this.#epoch === null) return
    for (const told of this.#told.values()) {
      const seen = told.host.seen()
      const delta = seen?.since(told.set) ?? null
      if (!seen || !delta) continue
      for (const part of split(delta, told.set))
        this.#send({ type: 'observed', host: told.host.id, epoch: this.#epoch, seq: ++this.#seq, ...observed(part) })
      told.set = seen.copy()
    }
  }
}

const observed = ({ base, digest, changed, gone }: Delta<Seen>) => ({ base, digest, changed: [...changed], gone: [...gone] })

const refused = (code: 'unavailable' | 'not_found' | 'internal', message: string): Outcome => ({
  ok: false,
  fault: { code, message },
})
