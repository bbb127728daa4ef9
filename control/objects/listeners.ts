import type { Result } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import type { Event } from '../domain/events/event.ts'
import { Coalesced } from './coalesced.ts'

/** Somebody who is told of events, and how far they are. */
export interface Listener {
  after: number
  /** May hear of hosts, too: events of no project. */
  readonly hosts?: boolean
  tell(events: readonly Event[]): void
  /** Events after `after` are forgotten: they are to look anew, and are told what comes after `cursor`. */
  reset(cursor: number): void
}

export interface Source {
  /** With `hosts` events of no project, too. */
  since(
    seq: number,
    limit: number,
    hosts: boolean,
  ): Promise<Result<{ readonly events: readonly Event[]; readonly reset: boolean }>>
  newest(): Promise<Result<number>>
}

/**
 * Tells each listener every event after its own cursor, once and in order, however many they are and however often they are woken.
 * One read serves all that are equally far.
 */
export class Listeners {
  readonly #all: () => readonly Listener[]
  readonly #pump = new Coalesced()

  constructor(all: () => readonly Listener[]) {
    this.#all = all
  }

  /** Reads what is new, one read at a time; resolves when all are told. */
  pump(source: Source): Promise<void> {
    return this.#pump.run(() => this.#round(source))
  }

  async #round(source: Source): Promise<void> {
    for (let page = 0; page < limits.feedRound; page++) {
      const listeners = this.#all()
      if (listeners.length === 0) return
      const after = Math.min(...listeners.map(listener => listener.after))
      const hosts = listeners.some(listener => listener.hosts)
      const read = await source.since(after, limits.feedPage, hosts)
      // The database did not answer: the next sweep looks again.
      if (!read.ok) return
      const { events, reset } = read.value
      if (reset) {
        const newest = await source.newest()
        if (!newest.ok) return
        for (const listener of this.#all().filter(listener => listener.after <= after)) listener.reset(newest.value)
        continue
      }
      const last = events.at(-1)
      if (!last) return
      for (const listener of this.#all()) {
        // Whoever came meanwhile with an older cursor is served by the next page.
        if (listener.after < after) continue
        // Whoever came meanwhile, and may hear more than was read, waits for the next page.
        if (listener.hosts && !hosts) continue
        const fresh = events.filter(event => event.seq > listener.after && (event.project !== null || listener.hosts))
        if (fresh.length > 0) listener.tell(fresh)
        if (listener.after < last.seq) listener.after = last.seq
      }
      if (events.length < limits.feedPage && this.#all().every(listener => listener.after >= last.seq)) return
    }
  }
}
