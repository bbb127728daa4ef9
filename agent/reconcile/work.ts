import { digest } from '@sirocco/shared/kit/canonical.ts'
import type { Timers } from '@sirocco/shared/kit/clock.ts'
import { type Fault, ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Seen } from '@sirocco/shared/wire/objects.ts'
import type { FrozenDisk } from '../ports/volumes.ts'
import type { FactFault } from './facts.ts'
import { passing } from './network-room.ts'
import type { Report } from './report.ts'
import { wireFault } from './wire-fault.ts'

/** Between two words of how far a work is: each is a row and an event. Milliseconds. */
const progressPause = 5_000
/** Between two looks for a snapshot that it is done on. Milliseconds. */
const snapshotPause = 500
/** Tries of what is refused `unavailable`, with pauses of this length, doubling. */
const tries = 5
const pause = 2_000

/** What a snapshot of this host keeps. */
export type FindFrozen = (snapshot: string) => Promise<Result<FrozenDisk>>

/** What is to be done. */
interface Task {
  readonly id: string
  readonly generation: number
}
/** How far it is, or what came of it. */
export interface Word<R> {
  readonly id: string
  readonly applied: number
  readonly progress?: string
  readonly result?: R
  readonly fault?: FactFault
}

/** What is done once, takes long, and comes to a result that the control plane keeps. */
export interface Craft<W extends Task, R> {
  readonly kind: Seen['kind']
  /** So many at the same time. */
  readonly most: number
  /** The snapshot that it is done on; null: on none. */
  snapshotOf(wanted: W): string | null
  make(wanted: W, frozen: FrozenDisk | null, told: (progress: string) => void, signal: AbortSignal): Promise<Result<R>>
  seen(word: Word<R>): Seen
}

interface Work<W extends Task> {
  readonly wanted: W
  readonly digest: string
  readonly abort: AbortController
  toldAt: number
  timer: { cancel(): void } | null
  ended: boolean
}

/**
 * Works of one kind that this host's agent is to do. Nothing of them is kept between two lives of the agent: what was not told as done is done
 * again, and comes to the same.
 */
export class WorkKeeper<W extends Task, R> {
  readonly #craft: Craft<W, R>
  readonly #frozen: FindFrozen
  readonly #report: Report
  readonly #timers: Timers
  readonly #work = new Map<string, Work<W>>()
  readonly #waiting: (() => void)[] = []
  #running = 0

  constructor(craft: Craft<W, R>, frozen: FindFrozen, report: Report, timers: Timers) {
    this.#craft = craft
    this.#frozen = frozen
    this.#report = report
    this.#timers = timers
  }

  /** Takes up what is new, and lets go of what nobody wants any more. */
  wanted(works: readonly W[]): void {
    const byId = new Map(works.map(one => [one.id, one]))
    for (const [id, work] of this.#work) {
      const now = byId.get(id)
      if (now && digest(now) === work.digest) continue
      this.#drop(id, work)
      if (!now) this.#report.drop(this.#craft.kind, id)
    }
    for (const one of works) if (!this.#work.has(one.id)) this.#begin(one)
  }

  /** Ends this life: what is under way is made again by the next. */
  end(): void {
    for (const [id, work] of this.#work) this.#drop(id, work)
  }

  #begin(wanted: W): void {
    const work: Work<W> = {
      wanted,
      digest: digest(wanted),
      abort: new AbortController(),
      toldAt: Number.NEGATIVE_INFINITY,
      timer: null,
      ended: false,
    }
    this.#work.set(wanted.id, work)
    this.#tell(work, { progress: 'waiting for its turn' })
    void this.#inTurn(work, () => this.#try(work, 1))
  }

  async #inTurn(work: Work<W>, run: () => Promise<void>): Promise<void> {
    if (this.#running >= this.#craft.most) await new Promise<void>(next => this.#waiting.push(next))
    else this.#running++
    try {
      if (!work.ended) await run()
    } finally {
      const next = this.#waiting.shift()
      if (next) next()
      else this.#running--
    }
  }

  async #try(work: Work<W>, count: number): Promise<void> {
    const snapshot = this.#craft.snapshotOf(work.wanted)
    const frozen = snapshot === null ? ok(null) : await this.#frozen(snapshot)
    if (work.ended) return
    if (!frozen.ok && (passing(frozen.fault) || frozen.fault.code === 'not_found')) {
      this.#tell(work, { progress: 'waiting for the snapshot to be made' })
      work.timer = this.#timers.after(snapshotPause, () => void this.#inTurn(work, () => this.#try(work, count)))
      return
    }
    const made = frozen.ok ? await this.#made(work, frozen.value) : frozen
    if (work.ended) return
    if (made.ok) return this.#finish(work, { result: made.value })
    if (!passing(made.fault) || count >= tries) return this.#finish(work, { fault: made.fault })
    this.#tell(work, { progress: `waiting: ${made.fault.message}` })
    work.timer = this.#timers.after(pause * 2 ** (count - 1), () => void this.#inTurn(work, () => this.#try(work, count + 1)))
  }

  async #made(work: Work<W>, frozen: FrozenDisk | null) {
    try {
      return await this.#craft.make(
        work.wanted,
        frozen,
        progress => {
          if (work.ended || this.#timers.now() - work.toldAt < progressPause) return
          work.toldAt = this.#timers.now()
          this.#tell(work, { progress })
        },
        work.abort.signal,
      )
    } catch (error) {
      return refuse('unavailable', 'something unexpected happened on the host', {
        detail: error instanceof Error ? (error.stack ?? error.message) : String(error),
      })
    }
  }

  #finish(work: Work<W>, how: { result: R } | { fault: Fault }): void {
    const { id, generation } = work.wanted
    this.#put(id, generation, 'fault' in how ? { fault: wireFault(how.fault) } : how)
  }

  #tell({ wanted: { id, generation } }: Work<W>, { progress }: { progress: string }): void {
    this.#put(id, generation - 1, { progress: progress.slice(0, 200) })
  }

  #put(id: string, applied: number, word: Omit<Word<R>, 'id' | 'applied'>): void {
    this.#report.put(this.#craft.seen({ id, applied, ...word }))
  }

  #drop(id: string, work: Work<W>): void {
    work.ended = true
    work.timer?.cancel()
    work.abort.abort()
    this.#work.delete(id)
  }
}
