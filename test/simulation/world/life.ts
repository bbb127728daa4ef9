import type { Clock, Timers } from '@sirocco/shared/kit/clock.ts'

/** The wall clock of one machine of the world: true time, and how far this one is off. */
export class WallClock implements Clock {
  readonly #true: Clock
  /** Milliseconds. */
  skew = 0
  constructor(clock: Clock) {
    this.#true = clock
  }
  now(): number {
    return Math.floor(this.#true.now() + this.skew)
  }
}

const never = new Promise<never>(() => {})

/**
 * One life of one process. Everything it awaits goes through here: after `end` its timers never fire, its calls never answer, and
 * nothing reaches it, which is what `kill -9` is to the rest of the world.
 */
export class Life {
  readonly name: string
  readonly #timers: Timers
  readonly #clock: Clock
  readonly #pending = new Set<{ cancel(): void }>()
  readonly #ended = new Set<() => void>()
  #alive = true

  constructor(name: string, timers: Timers, clock: Clock) {
    this.name = name
    this.#timers = timers
    this.#clock = clock
  }
  get alive(): boolean {
    return this.#alive
  }

  /** The clock and timers that this process sees: the clock jumps, pauses do not. */
  readonly timers: Timers = {
    now: () => this.#clock.now(),
    after: (ms, run) => {
      if (!this.#alive) return { cancel() {} }
      const timer = this.#timers.after(ms, () => {
        this.#pending.delete(timer)
        if (this.#alive) run()
      })
      this.#pending.add(timer)
      return {
        cancel: () => {
          this.#pending.delete(timer)
          timer.cancel()
        },
      }
    },
  }

  readonly pause = (ms: number): Promise<void> => new Promise(resolve => this.timers.after(ms, resolve))

  /** What `promise` answers, unless the process has ended by then. */
  hold<T>(promise: Promise<T>): Promise<T> {
    if (!this.#alive) return never
    return promise.then(
      value => (this.#alive ? value : never),
      error => (this.#alive ? Promise.reject(error) : never),
    )
  }

  /** Calls `run` when this life ends, unless taken back before. */
  onEnd(run: () => void): { takeBack(): void } {
    this.#ended.add(run)
    return { takeBack: () => void this.#ended.delete(run) }
  }
  end(): void {
    if (!this.#alive) return
    this.#alive = false
    for (const timer of this.#pending) timer.cancel()
    this.#pending.clear()
    for (const run of this.#ended) run()
  }
}
