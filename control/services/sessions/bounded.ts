import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { say } from '@sirocco/shared/model/messages.ts'

/** Work that costs much: `most` at once, `queue` that wait for their turn; beyond those it is refused (`throttled`) and costs nothing. */
export class Bounded {
  readonly #most: number
  readonly #queue: number
  readonly #waiting: (() => void)[] = []
  #running = 0

  constructor(most: number, queue: number) {
    this.#most = most
    this.#queue = queue
  }

  async run<T>(work: () => Promise<T>): Promise<Result<T>> {
    if (this.#running < this.#most) this.#running++
    else if (this.#waiting.length < this.#queue) await new Promise<void>(resolve => this.#waiting.push(resolve))
    else return refuse('throttled', say('sign_in.busy'))
    try {
      return ok(await work())
    } finally {
      // Whoever waits takes over the place.
      const next = this.#waiting.shift()
      if (next) next()
      else this.#running--
    }
  }
}
