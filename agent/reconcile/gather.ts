/**
 * One run for many callers: a call is answered by a run that began after it, and all calls made during a run share the next.
 */
export class Gather<T> {
  readonly #run: () => Promise<T>
  #current: Promise<T> | null = null
  #next: Promise<T> | null = null

  constructor(run: () => Promise<T>) {
    this.#run = run
  }

  call(): Promise<T> {
    if (this.#next) return this.#next
    const before = this.#current ?? Promise.resolve()
    const next: Promise<T> = before.then(
      () => this.#begin(next),
      () => this.#begin(next),
    )
    this.#next = next
    return next
  }

  #begin(self: Promise<T>): Promise<T> {
    this.#next = null
    this.#current = self
    return this.#run()
  }
}
