import type { Result } from '@sirocco/shared/kit/fault.ts'
import { fileFault } from './files.ts'

/** Verbs on one thing, one after the other; what the file system refuses is a fault. */
export class InTurn {
  readonly #last = new Map<string, Promise<unknown>>()

  async take<T>(what: string, run: () => Promise<Result<T>>): Promise<Result<T>> {
    const before = this.#last.get(what) ?? Promise.resolve()
    const mine = before.then(() => run().catch(fileFault))
    this.#last.set(what, mine)
    const result = await mine
    if (this.#last.get(what) === mine) this.#last.delete(what)
    return result
  }
}
