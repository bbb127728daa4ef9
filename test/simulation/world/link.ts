import type { Timers } from '@sirocco/shared/kit/clock.ts'
import { below, type Random } from '@sirocco/shared/kit/random.ts'

/** What one side of a link is told. After `closed` nothing comes any more. */
export interface Ear {
  message(text: string): void
  closed(): void
}
export interface Mouth {
  send(text: string): void
  close(): void
}

/** Milliseconds a message is under way, at most. */
const slowest = 80

/**
 * One WebSocket between two processes: in order, nothing twice, and whatever is under way when it is cut is lost. Cut half, one
 * side goes on believing in it and speaks into the void, until it gives up by itself.
 */
export class SimulatedLink {
  readonly #timers: Timers
  readonly #random: Random
  readonly #ears: { agent: Ear | null; control: Ear | null } = { agent: null, control: null }
  readonly #lastAt = { agent: 0, control: 0 }
  #open = true

  constructor(timers: Timers, random: Random) {
    this.#timers = timers
    this.#random = random
  }
  get open(): boolean {
    return this.#open
  }

  /** Joins one side; what it says reaches the other. */
  join(side: 'agent' | 'control', ear: Ear): Mouth {
    const other = side === 'agent' ? 'control' : 'agent'
    this.#ears[side] = ear
    return {
      send: text => this.#carry(other, to => to.message(text)),
      close: () => {
        this.#ears[side] = null
        this.#carry(other, to => {
          this.#ears[other] = null
          this.#open = false
          to.closed()
        })
      },
    }
  }

  /** Both sides learn of it, each after a while; what is under way is lost. */
  cut(): void {
    if (!this.#open) return
    this.#open = false
    for (const side of ['agent', 'control'] as const) this.#tell(side)
  }
  /** Only this side learns of it. */
  cutHalf(side: 'agent' | 'control'): void {
    if (!this.#open) return
    this.#open = false
    this.#tell(side)
  }

  #tell(side: 'agent' | 'control'): void {
    const ear = this.#ears[side]
    this.#ears[side] = null
    this.#timers.after(below(this.#random, slowest), () => ear?.closed())
  }
  #carry(to: 'agent' | 'control', hear: (ear: Ear) => void): void {
    const at = Math.max(this.#lastAt[to], this.#timers.now() + 1 + below(this.#random, slowest))
    this.#lastAt[to] = at
    this.#timers.after(at - this.#timers.now(), () => {
      const ear = this.#ears[to]
      if (this.#open && ear) hear(ear)
    })
  }
}
