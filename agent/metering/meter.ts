import type { Timers } from '@sirocco/shared/kit/clock.ts'
import { below, type Random } from '@sirocco/shared/kit/random.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import type { UsageFrame } from '@sirocco/shared/wire/frames.ts'
import type { UsageRecord } from '@sirocco/shared/wire/usage.ts'
import type { Compute, Counters } from '../ports/compute.ts'
import type { Metered } from '../reconcile/metered.ts'
import type { Log } from '../reconcile/reconciler.ts'
import type { Ledger, Open } from './ledger.ts'
import { Sums } from './sums.ts'

export interface MeterParts {
  readonly host: string
  readonly ledger: Ledger
  /** What is billed now; null while that is not known. */
  readonly metered: () => Metered | null
  readonly compute: Pick<Compute, 'counters'>
  readonly timers: Timers
  readonly random: Random
  readonly log: Log
  /** ms between two records. */
  readonly every: number
}

/**
 * What one host is used for, in whole seconds: looked at often, written down now and then, and told until it is kept. What ran before this life of
 * the agent, or before its hypervisor last answered, and runs on since the same start, ran all the while.
 */
export class Meter {
  readonly #parts: MeterParts
  readonly #sums = new Sums()
  #open: Open | null
  /** Nothing is known of the time since `#open` but by what is still the same. */
  #blind = true
  /** Records up to this number may have been told, and change no more. */
  #sent: number
  /** Records from this number on are being written. */
  #writing = Number.POSITIVE_INFINITY
  #recorded: () => void = () => {}
  #timers: { cancel(): void }[] = []
  #closing: Promise<void> = Promise.resolve()

  constructor(parts: MeterParts) {
    this.#parts = parts
    this.#open = parts.ledger.current
    this.#sent = parts.ledger.last
  }

  get host(): string {
    return this.#parts.host
  }

  start(): void {
    this.#lookLater()
    this.#closeLater(below(this.#parts.random, this.#parts.every))
  }
  /** Writes down what there is. */
  async stop(): Promise<void> {
    for (const timer of this.#timers) timer.cancel()
    this.#timers = []
    this.look()
    await this.close(false)
  }

  /** What is to be told next; null: nothing. From now on it changes no more. */
  next(): UsageFrame | null {
    const { ledger, host } = this.#parts
    const record = ledger.next()
    if (!record || record.n >= this.#writing) return null
    this.#sent = Math.max(this.#sent, record.n)
    return { type: 'usage', host, series: ledger.series, oldest: ledger.oldest, record }
  }
  async kept(series: string, n: number): Promise<void> {
    if (series === this.#parts.ledger.series) await this.#parts.ledger.kept(n)
  }
  linked(incarnation: string): Promise<void> {
    return this.#parts.ledger.linked(incarnation)
  }
  /** Calls back when there is something to tell. */
  onRecord(recorded: () => void): void {
    this.#recorded = recorded
  }

  /** Counts the time since the last look to what was there then. */
  look(): void {
    const metered = this.#parts.metered()
    if (!metered) {
      this.#blind = true
      return
    }
    const now = this.#parts.timers.now()
    const before = this.#open
    const seen = openOf(metered, before, now)
    if (!before) {
      this.#open = seen
      this.#blind = false
      void this.close()
      return
    }
    const most = this.#blind ? limits.usageGap : limits.usagePause
    const seconds = Math.floor(Math.min(now - before.at, most) / 1_000)
    if (seconds > 0) this.#sums.span(before.at, seconds, this.#blind ? lasting(before, metered) : before)
    // What is left of a second counts with the next look, but for a clock that jumped.
    const exact = before.at + seconds * 1_000
    this.#open = { ...seen, at: seconds >= 0 && now - exact < 1_000 ? exact : now }
    this.#blind = false
    // On disk, so that the next life knows of it, too.
    if (runsOf(before) !== runsOf(seen)) void this.close()
  }

  /** Writes down what was used since the last time. */
  close(counting = true): Promise<void> {
    this.#closing = this.#closing.then(() => this.#close(counting))
    return this.#closing
  }

  async #close(counting: boolean): Promise<void> {
    const { ledger, compute, log, host } = this.#parts
    const counted = counting ? await compute.counters().catch(() => null) : null
    if (!this.#open) return
    if (counted?.ok) this.#traffic(counted.value.machines)
    const spent = this.#sums.take()
    if (spent.length === 0 && runsOf(ledger.current) === runsOf(this.#open)) return
    // As long as nobody was told, what falls into one hour goes into one record.
    const newest = ledger.record(ledger.last)
    const untold = newest && newest.n > this.#sent ? newest : null
    const all = new Sums()
    for (const each of untold ? [untold, ...spent] : spent) all.add(each)
    const first = untold?.n ?? ledger.last + 1
    this.#writing = first
    try {
      await ledger.write(
        all.take().map((each, i): UsageRecord => ({ n: first + i, ...each })),
        this.#open,
      )
    } catch (error) {
      for (const each of spent) this.#sums.add(each)
      log('warn', 'usage could not be written down', { host, error: String(error) })
    }
    this.#writing = Number.POSITIVE_INFINITY
  }

  /** Bytes since they were last counted in the same run of a machine; in a run that began under our eyes, all of them. */
  #traffic(counted: ReadonlyMap<string, Counters>): void {
    const open = this.#open
    if (!open) return
    const machines: Open['machines'] = {}
    for (const [id, machine] of Object.entries(open.machines)) {
      const now = counted.get(id)
      if (!now) {
        machines[id] = machine
        continue
      }
      const { receivedBytes: received, sentBytes: sent } = now
      const { vcpus, memoryMiB, bytes } = machine
      const since = bytes && bytes.received <= received && bytes.sent <= sent ? bytes : { received: 0, sent: 0 }
      if (bytes)
        this.#sums.traffic(open.at, { id, vcpus, memoryMiB, received: received - since.received, sent: sent - since.sent })
      machines[id] = { ...machine, bytes: { received, sent } }
    }
    this.#open = { ...open, machines }
  }

  #after(ms: number, run: () => void): void {
    const timer = this.#parts.timers.after(ms, () => {
      this.#timers = this.#timers.filter(each => each !== timer)
      run()
    })
    this.#timers.push(timer)
  }
  #lookLater(): void {
    this.#after(Math.min(limits.usageLook, this.#parts.every), () => {
      this.#lookLater()
      this.look()
    })
  }
  #closeLater(ms: number): void {
    this.#after(ms, () => {
      this.#closeLater(this.#parts.every)
      this.look()
      void this.close().then(() => this.#recorded())
    })
  }
}

function openOf({ machines, volumes, unknown }: Metered, before: Open | null, at: number): Open {
  const asBefore = unknown.flatMap(id => {
    const volume = before?.volumes[id]
    return volume ? [[id, volume] as const] : []
  })
  return {
    at,
    machines: Object.fromEntries(
      machines.map(({ id, ...machine }) => {
        const known = before?.machines[id]
        // Of one that is found running by a meter's first look nobody knows what it sent since when.
        const bytes = before === null ? null : { received: 0, sent: 0 }
        return [id, known?.run === machine.run ? known : { ...machine, bytes }]
      }),
    ),
    volumes: Object.fromEntries([...asBefore, ...volumes.map(({ id, ...volume }) => [id, volume] as const)]),
  }
}

/** What was there before and is there now, not having ended between. */
function lasting(before: Open, { machines, volumes, unknown }: Metered): Pick<Open, 'machines' | 'volumes'> {
  const runs = new Map(machines.map(({ id, run }) => [id, run]))
  const here = new Set([...unknown, ...volumes.map(({ id }) => id)])
  return {
    machines: Object.fromEntries(Object.entries(before.machines).filter(([id, { run }]) => runs.get(id) === run)),
    volumes: Object.fromEntries(Object.entries(before.volumes).filter(([id]) => here.has(id))),
  }
}

/** Changes with whatever begins or ends. */
const runsOf = (open: Open | null): string =>
  open === null
    ? ''
    : [...Object.entries(open.machines).map(([id, { run }]) => `${id}@${run}`), ...Object.keys(open.volumes)].toSorted().join(' ')
