/** XDR (RFC 4506), as much of it as libvirt's protocol uses. Limits are those of libvirt's remote_protocol.x. */
export const xdrLimits = {
  /** REMOTE_STRING_MAX, bytes. */
  string: 4_194_304,
  /** REMOTE_DOMAIN_LIST_MAX, items. */
  list: 16_384,
  /** REMOTE_MIGRATE_COOKIE_MAX, bytes. */
  opaque: 4_194_304,
} as const

/** Bytes that are not what the protocol promises; the connection they came from is of no more use. */
export class Malformed extends Error {}

const padding = (length: number): number => (4 - (length % 4)) % 4

export class XdrWriter {
  readonly #parts: Buffer[] = []

  int(value: number): this {
    const word = Buffer.alloc(4)
    word.writeInt32BE(value)
    this.#parts.push(word)
    return this
  }

  uint(value: number): this {
    const word = Buffer.alloc(4)
    word.writeUInt32BE(value)
    this.#parts.push(word)
    return this
  }

  uhyper(value: bigint): this {
    const words = Buffer.alloc(8)
    words.writeBigUInt64BE(value)
    this.#parts.push(words)
    return this
  }

  /** `opaque[n]`: no length goes before it. */
  fixed(bytes: Uint8Array): this {
    this.#parts.push(Buffer.from(bytes), Buffer.alloc(padding(bytes.length)))
    return this
  }

  /** `opaque<>`: its length goes before it. */
  opaque(bytes: Uint8Array): this {
    if (bytes.length > xdrLimits.opaque) throw new RangeError(`${bytes.length} bytes are more than libvirt takes`)
    return this.uint(bytes.length).fixed(bytes)
  }

  string(text: string): this {
    const bytes = Buffer.from(text, 'utf8')
    if (bytes.length > xdrLimits.string) throw new RangeError(`a string of ${bytes.length} bytes is more than libvirt takes`)
    return this.uint(bytes.length).fixed(bytes)
  }

  /** `T*`: 0 for null, or 1 and the value. */
  optional<T>(value: T | null, write: (writer: this, value: T) => void): this {
    if (value === null) return this.uint(0)
    this.uint(1)
    write(this, value)
    return this
  }

  bytes(): Buffer {
    return Buffer.concat(this.#parts)
  }
}

export class XdrReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  #take(length: number): Buffer {
    if (this.#at + length > this.#bytes.length) throw new Malformed(`${length} bytes wanted, ${this.left} left`)
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  get left(): number {
    return this.#bytes.length - this.#at
  }

  int(): number {
    return this.#take(4).readInt32BE()
  }

  uint(): number {
    return this.#take(4).readUInt32BE()
  }

  uhyper(): bigint {
    return this.#take(8).readBigUInt64BE()
  }

  hyper(): bigint {
    return this.#take(8).readBigInt64BE()
  }

  double(): number {
    return this.#take(8).readDoubleBE()
  }

  fixed(length: number): Buffer {
    const value = this.#take(length)
    this.#take(padding(length))
    return value
  }

  opaque(): Buffer {
    const length = this.uint()
    if (length > xdrLimits.opaque) throw new Malformed(`opaque bytes of ${length}`)
    return this.fixed(length)
  }

  string(): string {
    const length = this.uint()
    if (length > xdrLimits.string) throw new Malformed(`a string of ${length} bytes`)
    return this.fixed(length).toString('utf8')
  }

  optional<T>(read: (reader: this) => T): T | null {
    const there = this.uint()
    if (there > 1) throw new Malformed(`a boolean of ${there}`)
    return there === 1 ? read(this) : null
  }

  list<T>(read: (reader: this) => T): T[] {
    const count = this.uint()
    if (count > xdrLimits.list) throw new Malformed(`a list of ${count}`)
    return Array.from({ length: count }, () => read(this))
  }
}
