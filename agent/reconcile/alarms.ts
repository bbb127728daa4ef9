import type { Timers } from '@sirocco/shared/kit/clock.ts'
import type { Random } from '@sirocco/shared/kit/random.ts'
import { limits } from '@sirocco/shared/model/limits.ts'

/** One timer for each key, and how often what belongs to a key was tried in vain. */
export class Alarms {
  readonly #timers: Timers
  readonly #random: Random
  readonly #set = new Map<string, { cancel(): void }>()
  readonly #tries = new Map<string, number>()
  #ended = false

  constructor(timers: Timers, random: Random) {
    this.#timers = timers
    this.#random = random
  }

  /** Replaces what was set for `key`. */
  in(ms: number, key: string, run: () => void): void {
    this.cancel(key)
    if (!this.#ended) this.#set.set(key, this.#timers.after(ms, run))
  }
  cancel(key: string): void {
    this.#set.get(key)?.cancel()
    this.#set.delete(key)
  }

  /** After one more try in vain: doubling pauses, with jitter. */
  retry(key: string, run: () => void): void {
    const tries = this.#tries.get(key) ?? 0
    this.#tries.set(key, tries + 1)
    const full = Math.min(limits.stepBackoffMax, limits.stepBackoff * 2 ** Math.min(tries, 16))
    this.in(Math.ceil(full * (0.5 + this.#random.next() / 2)), key, run)
  }
  /** What belongs to `key` worked, or is another thing now. */
  succeeded(key: string): void {
    this.#tries.delete(key)
  }

  /** Nothing rings any more. */
  end(): void {
    this.#ended = true
    for (const timer of this.#set.values()) timer.cancel()
    this.#set.clear()
  }
}
