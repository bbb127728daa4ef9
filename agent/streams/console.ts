import { ok, type Result } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { StreamNote } from '@sirocco/shared/wire/stream.ts'
import type { ConsoleStream, ScreenStream } from '../ports/compute.ts'

/** Of one binary message. */
const messageBytes = 16 * 1024

/** A stream's socket, open or to be opened. */
interface StreamSocket {
  send(data: string | Uint8Array): void
  close(reason: string): void
}
export interface StreamEvents {
  text(text: string): void
  bytes(bytes: Uint8Array): void
  closed(why: string): void
}
/** Joins a console or screen: `data` is what it says, `closed` is called once. */
export type StreamSource = (
  data: (bytes: Uint8Array) => void,
  closed: () => void,
) => Promise<Result<ConsoleStream | ScreenStream>>
/** Dials a stream; resolves when it is open. */
export type OpenStream = (path: string, events: StreamEvents) => Promise<Result<StreamSocket>>

/** What can be asked to wait while bytes of it wait here. */
interface Brake {
  pause(): void
  resume(): void
}

/**
 * Bytes that go out under a credit: what has none waits here. Of a source that can be asked to wait nothing is lost; of another at most as
 * much again waits, then the oldest is lost: a guest's console cannot wait, and its log keeps what a slow reader misses.
 */
export class Outflow {
  readonly #send: (bytes: Uint8Array) => void
  readonly #brake: Brake | null
  #braked = false
  #credit: number = limits.streamCredit
  #waiting: Uint8Array[] = []
  #held = 0

  constructor(send: (bytes: Uint8Array) => void, brake: Brake | null = null) {
    this.#send = send
    this.#brake = brake
  }
  put(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.byteLength; at += messageBytes) {
      const part = bytes.slice(at, at + messageBytes)
      this.#waiting.push(part)
      this.#held += part.byteLength
    }
    this.#drain()
    if (this.#brake) return
    while (this.#held > limits.streamCredit) this.#held -= this.#waiting.shift()?.byteLength ?? 0
  }
  /** The other end has dealt with this many more. */
  acked(bytes: number): void {
    this.#credit = Math.min(limits.streamCredit, this.#credit + bytes)
    this.#drain()
  }
  #drain(): void {
    for (let next = this.#waiting[0]; next && next.byteLength <= this.#credit; next = this.#waiting[0]) {
      this.#waiting.shift()
      this.#held -= next.byteLength
      this.#credit -= next.byteLength
      this.#send(next)
    }
    const brake = this.#held > 0
    if (brake === this.#braked) return
    this.#braked = brake
    if (brake) this.#brake?.pause()
    else this.#brake?.resume()
  }
}

/** Joins a machine's console or screen to the stream at `path`, until either end closes. `lossless`: it can be asked to wait. */
export async function joinConsole(
  source: StreamSource,
  path: string,
  open: OpenStream,
  { lossless = false }: { readonly lossless?: boolean } = {},
): Promise<Result<void>> {
  let stream: ConsoleStream | ScreenStream | null = null
  let socket: StreamSocket | null = null
  let over = false
  /** Typed before the console was joined. */
  const early: Uint8Array[] = []
  const end = (reason: string) => {
    if (over) return
    over = true
    stream?.close()
    socket?.send(JSON.stringify({ end: reason.slice(0, 200) } satisfies StreamNote))
    socket?.close(reason)
  }
  const typed = (bytes: Uint8Array) => {
    stream?.write(bytes)
    if (bytes.byteLength > 0) socket?.send(JSON.stringify({ ack: bytes.byteLength } satisfies StreamNote))
  }
  const brake = (verb: keyof Brake) => () => {
    if (stream && 'pause' in stream) stream[verb]()
  }
  const flow = new Outflow(bytes => socket?.send(bytes), lossless ? { pause: brake('pause'), resume: brake('resume') } : null)
  const opened = await open(path, {
    bytes: bytes => {
      if (stream) typed(bytes)
      else if (early.length < 64) early.push(bytes)
    },
    text: text => {
      const note = noteOf(text)
      if (!note || 'end' in note) return end(note ? note.end : 'not a note of a stream')
      flow.acked(note.ack)
    },
    closed: () => end('closed'),
  })
  if (!opened.ok) return opened
  socket = opened.value
  const joined = await source(
    bytes => flow.put(bytes),
    () => end('the machine is off, or its console was taken over'),
  )
  if (!joined.ok) {
    end(joined.fault.message)
    return joined
  }
  stream = joined.value
  if (over) stream.close()
  for (const bytes of early.splice(0)) typed(bytes)
  return ok(undefined)
}

function noteOf(text: string): StreamNote | null {
  try {
    return StreamNote.safeParse(JSON.parse(text)).data ?? null
  } catch {
    return null
  }
}
