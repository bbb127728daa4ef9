import { digest } from '@sirocco/shared/kit/canonical.ts'
import type { Timers } from '@sirocco/shared/kit/clock.ts'
import { type Fault, ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import type { ImportResult, SeenImport, WantedImport } from '@sirocco/shared/wire/imports.ts'
import type { Importer } from '../ports/importer.ts'
import type { FrozenDisk } from '../ports/volumes.ts'
import { passing } from './network-room.ts'
import type { Report } from './report.ts'

/** Between two words of how far an import is: each is a row and an event. Milliseconds. */
const progressPause = 5_000
/** Between two looks for a snapshot that is to be captured. Milliseconds. */
const snapshotPause = 500
/** Tries of what is refused `unavailable`, with pauses of this length, doubling. */
const tries = 5
const pause = 2_000

/** What a snapshot of this host keeps. */
export type FindFrozen = (snapshot: string) => Promise<Result<FrozenDisk>>

interface Work {
  readonly wanted: WantedImport
  readonly digest: string
  readonly abort: AbortController
  toldAt: number
  timer: { cancel(): void } | null
  ended: boolean
}

/**
 * The images that this host's agent is to make. Nothing of them is kept between two lives of the agent: what was not told as done is made
 * again, and comes to the same.
 */
export class ImportKeeper {
  readonly #importer: Importer | null
  readonly #frozen: FindFrozen
  readonly #report: Report
  readonly #timers: Timers
  readonly #work = new Map<string, Work>()
  readonly #waiting: (() => void)[] = []
  #running = 0
  #swept = false

  constructor(importer: Importer | null, frozen: FindFrozen, report: Report, timers: Timers) {
    this.#importer = importer
    this.#frozen = frozen
    this.#report = report
    this.#timers = timers
  }

  /** Takes up what is new, and lets go of what nobody wants any more. */
  wanted(imports: readonly WantedImport[]): void {
    const byId = new Map(imports.map(one => [one.id, one]))
    for (const [id, work] of this.#work) {
      const now = byId.get(id)
      if (now && digest(now) === work.digest) continue
      this.#drop(id, work)
      if (!now) this.#report.drop('import', id)
    }
    for (const one of imports) if (!this.#work.has(one.id)) this.#begin(one)
  }

  /** Drops, once in a life, what earlier ones left of imports that nobody wants any more. */
  sweep(imports: readonly WantedImport[]): void {
    if (this.#swept) return
    this.#swept = true
    void this.#importer?.keepOnly(imports.map(({ id }) => id)).catch(() => undefined)
  }

  /** Ends this life: what is under way is made again by the next. */
  end(): void {
    for (const [id, work] of this.#work) this.#drop(id, work)
  }

  #begin(wanted: WantedImport): void {
    const work: Work = {
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

  async #inTurn(work: Work, run: () => Promise<void>): Promise<void> {
    if (this.#running >= limits.converting) await new Promise<void>(next => this.#waiting.push(next))
    else this.#running++
    try {
      if (!work.ended) await run()
    } finally {
      const next = this.#waiting.shift()
      if (next) next()
      else this.#running--
    }
  }

  async #try(work: Work, count: number): Promise<void> {
    const { source } = work.wanted
    const frozen = source.kind === 'snapshot' ? await this.#frozen(source.snapshot) : ok(null)
    if (work.ended) return
    if (!frozen.ok && (passing(frozen.fault) || frozen.fault.code === 'not_found')) {
      this.#tell(work, { progress: 'waiting for the snapshot to be made' })
      work.timer = this.#timers.after(snapshotPause, () => void this.#inTurn(work, () => this.#try(work, count)))
      return
    }
    const made = frozen.ok ? await this.#made(work, frozen.value) : frozen
    if (work.ended) return
    if (made.ok) return this.#finish(work, { result: made.value })
    if (!passing(made.fault) || count >= tries) return this.#finish(work, { fault: wireFault(made.fault) })
    this.#tell(work, { progress: `waiting: ${made.fault.message}` })
    work.timer = this.#timers.after(pause * 2 ** (count - 1), () => void this.#inTurn(work, () => this.#try(work, count + 1)))
  }

  async #made(work: Work, frozen: FrozenDisk | null): Promise<Result<ImportResult>> {
    if (!this.#importer)
      return refuse('unsupported', 'this host makes no images; ask an administrator for an agent that converts')
    try {
      return await this.#importer.make(
        work.wanted,
        progress => {
          if (work.ended || this.#timers.now() - work.toldAt < progressPause) return
          work.toldAt = this.#timers.now()
          this.#tell(work, { progress })
        },
        work.abort.signal,
        frozen,
      )
    } catch (error) {
      return refuse('unavailable', 'something unexpected happened on the converting host', {
        detail: error instanceof Error ? (error.stack ?? error.message) : String(error),
      })
    }
  }

  #finish(work: Work, how: Pick<SeenImport, 'result' | 'fault'>): void {
    this.#report.put({ kind: 'import', id: work.wanted.id, applied: work.wanted.generation, ...how })
  }

  #tell({ wanted: { id, generation } }: Work, { progress }: { progress: string }): void {
    this.#report.put({ kind: 'import', id, applied: generation - 1, progress: progress.slice(0, 200) })
  }

  #drop(id: string, work: Work): void {
    work.ended = true
    work.timer?.cancel()
    work.abort.abort()
    this.#work.delete(id)
  }
}

const wireFault = ({ code, message, detail }: Fault) => ({
  code,
  message: message.slice(0, 500),
  ...(detail === undefined ? {} : { detail: detail.slice(0, 2_000) }),
})
