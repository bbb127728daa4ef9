import { limits } from '@sirocco/shared/model/limits.ts'
import WebSocket from 'ws'
import { PinnedAgent } from './pin.ts'
import type { ControlPlane } from './request.ts'

/** Of one message: a frame's characters may take up to three bytes each. */
const maxPayload = 3 * limits.frameBytes
/** From dialling to the answered upgrade. Milliseconds. */
const upgradeWithin = 15_000

export interface WebSocketEvents {
  opened(): void
  text(text: string): void
  bytes(bytes: Uint8Array): void
  /** Once, whatever happened; `status`: the answer that refused the upgrade. */
  closed(why: string, status?: number): void
}

export interface OpenWebSocket {
  send(data: string | Uint8Array): void
  close(reason: string): void
  drop(): void
}

/** Dials `url` with `headers` (signed by the caller). Never throws; whatever goes wrong is told by `closed`. */
export function openWebSocket(
  { pin }: ControlPlane,
  url: URL,
  headers: Record<string, string>,
  events: WebSocketEvents,
): OpenWebSocket {
  const address = new URL(url)
  address.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
  const socket = new WebSocket(address.href, {
    headers,
    maxPayload,
    perMessageDeflate: false,
    handshakeTimeout: upgradeWithin,
    ...(pin === null ? {} : { agent: new PinnedAgent(pin) }),
  })
  let status: number | undefined
  let why = ''
  let over = false
  const closed = (reason: string) => {
    if (over) return
    over = true
    events.closed(why || reason, status)
  }
  socket.on('unexpected-response', (request, answer) => {
    status = answer.statusCode
    why = `the upgrade was refused with ${status}`
    answer.resume()
    request.destroy()
    closed(why)
  })
  socket.on('open', () => events.opened())
  socket.on('message', (data, binary) => {
    const bytes = Array.isArray(data)
      ? Buffer.concat(data)
      : Buffer.from(data instanceof ArrayBuffer ? new Uint8Array(data) : data)
    if (binary) events.bytes(bytes)
    else events.text(bytes.toString())
  })
  socket.on('error', error => {
    why ||= error.message
  })
  socket.on('close', (code, reason) => closed(reason.toString() || `closed with ${code}`))
  return {
    send: data => {
      if (socket.readyState === WebSocket.OPEN) socket.send(data)
    },
    close: reason => socket.close(1000, reason.slice(0, 100)),
    drop: () => {
      socket.terminate()
      closed('dead')
    },
  }
}
