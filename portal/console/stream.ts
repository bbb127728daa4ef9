import { limits } from '@sirocco/shared/model/limits.ts'

/** Bytes of one message: small enough that typing is never stuck behind a long paste. */
const piece = 16 * 1024

export type Line =
  | { readonly is: 'bytes'; readonly bytes: Uint8Array }
  | { readonly is: 'end'; readonly reason: string }
  | { readonly is: 'other' }

/**
 * One side of a console stream: binary messages are bytes, text messages are `{"ack":n}` and `{"end":reason}`. Whoever sends keeps
 * at most `limits.streamCredit` bytes unacknowledged; what is typed or pasted beyond that waits here.
 */
export class ConsoleStream {
  readonly #send: (message: string | Uint8Array<ArrayBuffer>) => void
  #waiting: Uint8Array<ArrayBuffer>[] = []
  #outstanding = 0

  constructor(send: (message: string | Uint8Array<ArrayBuffer>) => void) {
    this.#send = send
  }

  /** What the person typed. */
  type(bytes: Uint8Array<ArrayBuffer>): void {
    for (let at = 0; at < bytes.length; at += piece) this.#waiting.push(bytes.slice(at, at + piece))
    this.#flush()
  }

  /** The terminal has drawn this many bytes: the machine may send as many more. */
  drawn(bytes: number): void {
    if (bytes > 0) this.#send(JSON.stringify({ ack: bytes }))
  }

  /** A message came. */
  receive(data: unknown): Line {
    if (data instanceof ArrayBuffer) return { is: 'bytes', bytes: new Uint8Array(data) }
    const note = noteOf(data)
    if ('ack' in note && typeof note.ack === 'number' && note.ack > 0) {
      this.#outstanding = Math.max(0, this.#outstanding - note.ack)
      this.#flush()
    }
    return 'end' in note && typeof note.end === 'string' ? { is: 'end', reason: note.end } : { is: 'other' }
  }

  #flush(): void {
    for (let next = this.#waiting[0]; next && this.#outstanding + next.length <= limits.streamCredit; next = this.#waiting[0]) {
      this.#waiting.shift()
      this.#outstanding += next.length
      this.#send(next)
    }
  }
}

function noteOf(data: unknown): object {
  if (typeof data !== 'string') return {}
  try {
    const note: unknown = JSON.parse(data)
    return typeof note === 'object' && note !== null ? note : {}
  } catch {
    return {}
  }
}
