import type { RawChannel } from '@novnc/novnc'
import { ConsoleStream } from '../console/stream.ts'

/** A ticket's WebSocket as noVNC wants one: bytes alone, with the stream's credit kept underneath. */
export class ScreenChannel implements RawChannel {
  binaryType = 'arraybuffer'
  protocol = ''
  onopen: RawChannel['onopen'] = null
  onmessage: RawChannel['onmessage'] = null
  onclose: RawChannel['onclose'] = null
  onerror: RawChannel['onerror'] = null
  readonly #socket: WebSocket
  readonly #stream: ConsoleStream
  /** Why the other side ended it, in its own words. */
  ended: string | null = null

  constructor(socket: WebSocket) {
    this.#socket = socket
    socket.binaryType = 'arraybuffer'
    this.#stream = new ConsoleStream(message => socket.readyState === WebSocket.OPEN && socket.send(message))
    socket.onopen = () => this.onopen?.()
    socket.onerror = event => this.onerror?.(event)
    socket.onclose = ({ code, reason }) => this.onclose?.({ code, reason })
    socket.onmessage = ({ data }) => {
      const line = this.#stream.receive(data)
      if (line.is === 'end') this.ended = line.reason
      if (line.is !== 'bytes' || !(data instanceof ArrayBuffer)) return
      this.onmessage?.({ data })
      this.#stream.drawn(data.byteLength)
    }
  }

  get readyState(): number {
    return this.#socket.readyState
  }
  /** noVNC writes its next message over the same bytes: they are copied before they wait. */
  send(data: Uint8Array<ArrayBuffer>): void {
    this.#stream.type(data.slice())
  }
  close(): void {
    this.#socket.close()
  }
}
