/**
 * Work that is asked for often and done one at a time: calls while it runs make it run once more, however many they are. Each call
 * resolves when a run that began after it has ended.
 */
export class Coalesced {
  #running: Promise<void> | null = null
  #next: (() => Promise<void>) | null = null

  run(work: () => Promise<void>): Promise<void> {
    if (this.#running) {
      this.#next = work
      return this.#running
    }
    this.#running = this.#all(work)
    return this.#running
  }

  async #all(work: () => Promise<void>): Promise<void> {
    try {
      await work()
      for (let next = this.#next; next !== null; next = this.#next) {
        this.#next = null
        await next()
      }
    } finally {
      this.#running = null
      this.#next = null
    }
  }
}
