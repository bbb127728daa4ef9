import { createHash } from 'node:crypto'

/** What happened, line by line: the last of it for people, a digest of all of it to compare two runs. */
export class Trace {
  readonly #hash = createHash('sha256')
  readonly #last: string[] = []
  readonly #keep: number
  readonly #show: ((line: string) => void) | undefined
  readonly #now: () => number
  lines = 0

  constructor(now: () => number, { keep = 50, show }: { keep?: number; show?: (line: string) => void } = {}) {
    this.#now = now
    this.#keep = keep
    this.#show = show
  }

  add(who: string, what: string): void {
    const line = `${(this.#now() / 1000).toFixed(3)} ${who}: ${what}`
    this.lines++
    this.#hash.update(line).update('\n')
    this.#last.push(line)
    if (this.#last.length > this.#keep) this.#last.shift()
    this.#show?.(line)
  }
  /** For those who look at one seed closely; not part of the digest. */
  detail(who: string, what: () => string): void {
    this.#show?.(`${(this.#now() / 1000).toFixed(3)}   ${who}: ${what()}`)
  }
  last(): readonly string[] {
    return this.#last
  }
  digest(): string {
    return this.#hash.copy().digest('hex').slice(0, 16)
  }
}
