/** A stream of bytes, read by length. */
export class Chunks {
  readonly #source: AsyncIterator<Buffer>
  #parts: Buffer[] = []
  #held = 0
  #ended = false

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  /** So many bytes; fewer where it ends before. */
  async upTo(length: number): Promise<Buffer> {
    while (this.#held < length && (await this.#more()));
    const all = this.#parts.length === 1 ? (this.#parts[0] ?? Buffer.alloc(0)) : Buffer.concat(this.#parts)
    const rest = all.subarray(length)
    this.#parts = rest.length > 0 ? [rest] : []
    this.#held = rest.length
    return all.subarray(0, length)
  }

  async atEnd(): Promise<boolean> {
    while (this.#held === 0 && (await this.#more()));
    return this.#held === 0
  }

  async #more(): Promise<boolean> {
    if (this.#ended) return false
    const next = await this.#source.next()
    this.#ended = next.done === true
    if (next.done) return false
    this.#parts.push(next.value)
    this.#held += next.value.length
    return true
  }
}
