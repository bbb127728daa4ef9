import type { Timers } from '@sirocco/shared/kit/clock.ts'
import { below, type Random } from '@sirocco/shared/kit/random.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import type { Reading, Sample, Window } from '@sirocco/shared/wire/samples.ts'
import type { Compute, Counted, Counters } from '../ports/compute.ts'
import type { Log } from '../reconcile/reconciler.ts'

export interface TelemetryParts {
  readonly host: string
  readonly compute: Pick<Compute, 'counters'>
  readonly timers: Timers
  readonly random: Random
  readonly log: Log
}

/** The host's own key among its machines'. */
const itself = ''

/**
 * How busy one host and its machines are: readings of the last hour in memory, for whoever watches, and windows of five minutes that
 * wait to be kept as history. Nothing of it is on disk: an agent that dies loses a window.
 */
export class Telemetry {
  readonly #parts: TelemetryParts
  readonly #rings = new Map<string, Sample[]>()
  readonly #windows = new Map<number, Window>()
  #before: { readonly at: number; readonly counted: Counted } | null = null
  #windowEnded: () => void = () => {}
  #timers: { cancel(): void }[] = []
  #answers = true

  constructor(parts: TelemetryParts) {
    this.#parts = parts
  }

  get host(): string {
    return this.#parts.host
  }

  start(): void {
    this.#again()
    this.#windowLater()
  }
  stop(): void {
    for (const timer of this.#timers) timer.cancel()
    this.#timers = []
  }

  /** Readings after `after`, oldest first, of a machine, or of the host itself (null). */
  recent(machine: string | null, after: number): readonly Sample[] {
    return (this.#rings.get(machine ?? itself) ?? []).filter(({ at }) => at > after)
  }

  /** Windows that are not known to be kept, oldest first. */
  windows(): readonly Window[] {
    return [...this.#windows.values()]
  }
  kept(at: number): void {
    this.#windows.delete(at)
  }
  onWindow(ended: () => void): void {
    this.#windowEnded = ended
  }

  #later(ms: number, call: () => void): void {
    const timer = this.#parts.timers.after(ms, () => {
      this.#timers = this.#timers.filter(each => each !== timer)
      call()
    })
    this.#timers.push(timer)
  }

  #again(): void {
    this.#later(limits.sampleEvery, () => {
      this.#again()
      void this.#read()
    })
  }

  async #read(): Promise<void> {
    const { compute, timers, host, log } = this.#parts
    const counted = await compute.counters().catch(() => null)
    const at = timers.now()
    if (!counted?.ok) {
      if (this.#answers) log('info', 'the hypervisor does not say how busy it is', { host, fault: counted?.fault })
      this.#answers = false
      this.#before = null
      return
    }
    this.#answers = true
    const before = this.#before
    this.#before = { at, counted: counted.value }
    if (!before || at <= before.at) return
    const span = at - before.at
    this.#put(itself, at, readingOf(before.counted.host, counted.value.host, span))
    for (const [machine, counters] of counted.value.machines) {
      const earlier = before.counted.machines.get(machine)
      if (earlier) this.#put(machine, at, readingOf(earlier, counters, span))
    }
    for (const [key, ring] of this.#rings)
      if ((ring.at(-1)?.at ?? 0) < at - limits.sampleRing * limits.sampleEvery) this.#rings.delete(key)
  }

  #put(key: string, at: number, reading: Reading | null): void {
    if (!reading) return
    const ring = this.#rings.get(key) ?? []
    ring.push({ at, reading })
    if (ring.length > limits.sampleRing) ring.shift()
    this.#rings.set(key, ring)
  }

  /** A little after the window's end, each agent at its own moment. */
  #windowLater(): void {
    const { timers, random } = this.#parts
    const start = Math.floor(timers.now() / limits.sampleWindow) * limits.sampleWindow
    const end = start + limits.sampleWindow
    this.#later(end - timers.now() + limits.sampleEvery + below(random, limits.sampleSpread), () => {
      this.#windowLater()
      this.#close(start)
    })
  }

  #close(start: number): void {
    const over = (key: string) =>
      average((this.#rings.get(key) ?? []).filter(({ at }) => at > start && at <= start + limits.sampleWindow))
    const reading = over(itself)
    if (!reading) return
    const machines: Record<string, Reading> = {}
    for (const key of [...this.#rings.keys()].slice(0, limits.bulk)) {
      const of = key === itself ? null : over(key)
      if (of) machines[key] = of
    }
    this.#windows.set(start, { at: start, reading, machines })
    for (const oldest of [...this.#windows.keys()].slice(0, -limits.sampleWindows)) this.#windows.delete(oldest)
    this.#windowEnded()
  }
}

/** What was used between two counts, `ms` apart; null where the counting began anew. */
export function readingOf(before: Counters, now: Counters, ms: number): Reading | null {
  const rates = [
    now.diskReadBytes - before.diskReadBytes,
    now.diskWrittenBytes - before.diskWrittenBytes,
    now.receivedBytes - before.receivedBytes,
    now.sentBytes - before.sentBytes,
  ].map(bytes => Math.round((bytes * 1_000) / ms))
  const cpu = Math.round(((now.cpuNs - before.cpuNs) / (ms * 1e6)) * 1_000) / 1_000
  const [read = 0, written = 0, received = 0, sent = 0] = rates
  return cpu < 0 || rates.some(rate => rate < 0) ? null : [cpu, Math.max(0, now.memoryBytes), read, written, received, sent]
}

function average(samples: readonly Sample[]): Reading | null {
  if (samples.length === 0) return null
  const mean = (i: number, precision = 1) =>
    Math.round((samples.reduce((sum, { reading }) => sum + (reading[i] ?? 0), 0) / samples.length) * precision) / precision
  return [mean(0, 1_000), mean(1), mean(2), mean(3), mean(4), mean(5)]
}
