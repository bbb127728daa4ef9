import { assert } from '@sirocco/shared/kit/assert.ts'
import type { Timers } from '@sirocco/shared/kit/clock.ts'

interface Entry {
  readonly at: number
  /** Of equal times the one armed first comes first. */
  readonly order: number
  run: (() => void) | null
}

/** Microtasks run to their end before an immediate does; nothing in the world waits for anything but microtasks and its timers. */
export const quiet = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

/**
 * The one clock of a world: time stands while anything runs, then jumps to the next timer. Two runs from one seed pop the same
 * timers in the same order.
 */
export class SimulatedTime implements Timers {
  readonly #heap: Entry[] = []
  #now: number
  #order = 0
  /** Timers that fired since the start. */
  fired = 0

  constructor(start: number) {
    this.#now = start
  }
  now(): number {
    return this.#now
  }

  after(ms: number, run: () => void): { cancel(): void } {
    assert(!Number.isNaN(ms), 'a timer at no time')
    const entry: Entry = { at: this.#now + Math.max(0, ms), order: this.#order++, run }
    this.#push(entry)
    return {
      cancel: () => {
        entry.run = null
      },
    }
  }

  /** Runs what is due until `end`, or until `stop` says so after an event; then it is `end`, unless stopped. */
  async run(end: number, each: () => boolean | Promise<boolean> = () => true): Promise<void> {
    await quiet()
    for (;;) {
      const next = this.#heap[0]
      if (!next || next.at > end) break
      this.#pop()
      const run = next.run
      if (!run) continue
      this.#now = Math.max(this.#now, next.at)
      this.fired++
      run()
      await quiet()
      if (!(await each())) return
    }
    this.#now = Math.max(this.#now, end)
  }

  #before(a: Entry, b: Entry): boolean {
    return a.at < b.at || (a.at === b.at && a.order < b.order)
  }
  #push(entry: Entry): void {
    const heap = this.#heap
    let i = heap.push(entry) - 1
    while (i > 0) {
      const up = (i - 1) >> 1
      const parent = heap[up]
      if (!parent || !this.#before(entry, parent)) break
      heap[i] = parent
      i = up
    }
    heap[i] = entry
  }
  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (!last || heap.length === 0) return
    let i = 0
    for (;;) {
      const [left, right] = [heap[2 * i + 1], heap[2 * i + 2]]
      const child = left && right && this.#before(right, left) ? 2 * i + 2 : 2 * i + 1
      const least = heap[child]
      if (!least || this.#before(last, least)) break
      heap[i] = least
      i = child
    }
    heap[i] = last
  }
}
