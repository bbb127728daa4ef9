import { limits } from '@sirocco/shared/model/limits.ts'

/** What is under way for one machine. */
export interface Turn {
  /** Asked for again while it was under way. */
  again: boolean
  /** For what others may wait for, too: it takes no lane meanwhile. */
  waiting: boolean
  /** Called when a newer intent is here; what only waits stops waiting. */
  interrupt: () => void
}

/** The work on one host: one turn at a time for each machine, few at once for all of them. */
export class Lanes {
  readonly #work: (id: string, turn: Turn) => Promise<void>
  readonly #turns = new Map<string, Turn>()
  readonly #queue = new Set<string>()
  #ended: (() => void) | null = null

  /** `work` never rejects. */
  constructor(work: (id: string, turn: Turn) => Promise<void>) {
    this.#work = work
  }

  /** Works for a machine as soon as a lane is free; where that is under way, once more after it. */
  wake(id: string): void {
    if (this.#ended) return
    const turn = this.#turns.get(id)
    if (turn) turn.again = true
    else this.#queue.add(id)
    this.#fill()
  }

  /** What a machine's turn only waits for is of no use any more. */
  interrupt(id: string): void {
    this.#turns.get(id)?.interrupt()
  }

  /** Waits without taking a lane, unless it is interrupted. */
  async aside<T>(turn: Turn, wait: () => Promise<T>): Promise<T | 'interrupted'> {
    const interrupted = new Promise<'interrupted'>(resolve => {
      turn.interrupt = () => resolve('interrupted')
    })
    turn.waiting = true
    this.#fill()
    try {
      return await Promise.race([wait(), interrupted])
    } finally {
      turn.waiting = false
    }
  }

  /** Works without taking a lane, to the end. */
  async apart<T>(turn: Turn, work: () => Promise<T>): Promise<T> {
    turn.waiting = true
    this.#fill()
    try {
      return await work()
    } finally {
      turn.waiting = false
    }
  }

  /** Begins no turn any more, and ends all waiting; resolves when what is under way has ended. */
  end(): Promise<void> {
    return new Promise(resolve => {
      this.#ended = resolve
      this.#queue.clear()
      for (const turn of this.#turns.values()) turn.interrupt()
      if (this.#turns.size === 0) resolve()
    })
  }

  #fill(): void {
    for (const id of this.#queue) {
      if ([...this.#turns.values()].filter(turn => !turn.waiting).length >= limits.agentLanes) return
      this.#queue.delete(id)
      const turn: Turn = { again: false, waiting: false, interrupt: () => {} }
      this.#turns.set(id, turn)
      void this.#work(id, turn).finally(() => this.#over(id, turn))
    }
  }

  #over(id: string, turn: Turn): void {
    this.#turns.delete(id)
    if (this.#ended) {
      if (this.#turns.size === 0) this.#ended()
      return
    }
    if (turn.again) this.#queue.add(id)
    this.#fill()
  }
}
