import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'

/**
 * What one side of a stream has sent and the other has not yet dealt with. A WebSocket here gives no backpressure: this is what keeps
 * a fast sender from filling the memory of the object between.
 */
export class Credit {
  #outstanding: number
  constructor(outstanding = 0) {
    this.#outstanding = outstanding
  }
  get outstanding(): number {
    return this.#outstanding
  }
  /** `bytes` more are on their way; refused beyond the window. */
  sent(bytes: number): Result<void> {
    if (this.#outstanding + bytes > limits.streamCredit)
      return refuse('throttled', `at most ${limits.streamCredit} bytes may be unacknowledged`)
    this.#outstanding += bytes
    return ok(undefined)
  }
  /** The other side has dealt with `bytes` more; refused for what was never sent. */
  acknowledged(bytes: number): Result<void> {
    if (bytes > this.#outstanding) return refuse('invalid', 'more was acknowledged than was sent')
    this.#outstanding -= bytes
    return ok(undefined)
  }
}
