import { closeSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'

/** Of SQLite's WAL-index header: `iChange`, which every committed transaction raises by one (sqlite.org/walformat.html). */
const changeAt = 8

/** Commits to an instance's database, counted as they happen: the file is the memory that its server shares with readers. */
export class Commits {
  readonly #file: number
  readonly #word = Buffer.alloc(4)
  readonly #base: number
  #watching = true

  constructor(data: string) {
    this.#file = openSync(join(data, 'control.db-shm'), 'r')
    this.#base = this.#read()
  }

  #read(): number {
    readSync(this.#file, this.#word, 0, 4, changeAt)
    return this.#word.readUInt32LE()
  }

  /** Since this was made. */
  get count(): number {
    return (this.#read() - this.#base) >>> 0
  }

  /** Runs `then` as soon as the `n`-th commit is seen, some ten microseconds after it happened. */
  after(n: number, then: () => void): void {
    const look = () => {
      if (!this.#watching) return
      if (this.count >= n) {
        this.#watching = false
        return then()
      }
      setImmediate(look)
    }
    look()
  }

  /** Whether the awaited commit came; ends the watch. */
  end(): boolean {
    const came = !this.#watching
    this.#watching = false
    closeSync(this.#file)
    return came
  }
}
