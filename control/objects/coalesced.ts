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

  /** A run that fails loses none that was asked for meanwhile; all who wait are told of the last failure. */
  async #all(work: () => Promise<void>): Promise<void> {
    const failures: unknown[] = []
    for (let next: (() => Promise<void>) | null = work; next !== null; next = this.#next) {
      this.#next = null
      await next().catch((error: unknown) => failures.push(error))
    }
    this.#running = null
    if (failures.length > 0) throw failures.at(-1)
  }
}
