import { DurableObject } from 'cloudflare:workers'
import { limits } from '@sirocco/shared/model/limits.ts'
import { StreamNote } from '@sirocco/shared/wire/stream.ts'
import { z } from 'zod'
import type { Env } from '../env.ts'
import { Credit } from './credit.ts'

const sides = ['person', 'agent'] as const
type Side = (typeof sides)[number]
const other: Record<Side, Side> = { person: 'agent', agent: 'person' }

/** Who is awaited, and who came already. */
const Meeting = z.strictObject({ agent: z.string(), until: z.number(), came: z.array(z.enum(sides)) })
type Meeting = z.output<typeof Meeting>

/** Of a socket: what it has sent and the other side has not dealt with. */
const Attachment = z.strictObject({ side: z.enum(sides), outstanding: z.int() })

/** Why a stream ends; `from`: who said so, and needs no telling. */
interface Over {
  readonly reason: string
  readonly from?: Side
}

/** Two sockets joined by a ticket, a person's and an agent's: bytes pass through as long as each side's credit lasts. */
export class Stream extends DurableObject<Env> {
  /** Makes the meeting point: each side may come once, until the ticket ends. */
  async open(agent: string): Promise<void> {
    const until = Date.now() + limits.ticket
    await this.ctx.storage.put<Meeting>('meeting', { agent, until, came: [] })
    await this.ctx.storage.setAlarm(until)
  }

  /** `?side=person`, or `?side=agent&agent=…`: by the Worker only, which has authenticated. */
  override async fetch(request: Request): Promise<Response> {
    const { searchParams } = new URL(request.url)
    const side = z.enum(sides).parse(searchParams.get('side'))
    const kept = Meeting.safeParse(await this.ctx.storage.get('meeting'))
    if (!kept.success || kept.data.came.includes(side) || kept.data.until < Date.now()) return gone()
    const meeting = kept.data
    if (side === 'agent' && searchParams.get('agent') !== meeting.agent) return gone()
    await this.ctx.storage.put<Meeting>('meeting', { ...meeting, came: [...meeting.came, side] })

    const { 0: client, 1: server } = new WebSocketPair()
    this.ctx.acceptWebSocket(server, [side])
    server.serializeAttachment({ side, outstanding: 0 })
    const waiting = await this.ctx.storage.get<Uint8Array>('waiting')
    if (waiting) {
      server.send(waiting)
      await this.ctx.storage.delete('waiting')
    }
    return new Response(null, { status: 101, webSocket: client })
  }

  override async webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): Promise<void> {
    const { side } = Attachment.parse(socket.deserializeAttachment())
    const [peer] = this.ctx.getWebSockets(other[side])
    const over = typeof message === 'string' ? this.#note(side, peer, message) : await this.#bytes(socket, peer, message)
    if (over) this.#close(over)
  }

  /** Bytes pass to the other side as long as the credit lasts. Answers what ends the stream, if it ends. */
  async #bytes(socket: WebSocket, peer: WebSocket | undefined, message: ArrayBuffer): Promise<Over | null> {
    const { side, outstanding } = Attachment.parse(socket.deserializeAttachment())
    const credit = new Credit(outstanding)
    const sent = credit.sent(message.byteLength)
    if (!sent.ok) return { reason: sent.fault.message }
    socket.serializeAttachment({ side, outstanding: credit.outstanding })
    if (peer) {
      peer.send(message)
      return null
    }
    // The other side has not come yet; what waits for it outlives a hibernation, and is bounded by the credit.
    const before = (await this.ctx.storage.get<Uint8Array>('waiting')) ?? new Uint8Array()
    const waiting = new Uint8Array(before.byteLength + message.byteLength)
    waiting.set(before)
    waiting.set(new Uint8Array(message), before.byteLength)
    await this.ctx.storage.put('waiting', waiting)
    return null
  }

  /** An acknowledgement gives the other side its credit back; an end ends both. Answers what ends the stream, if it ends. */
  #note(side: Side, peer: WebSocket | undefined, text: string): Over | null {
    const note = noteOf(text)
    if (!note) return { reason: 'a text message must be {"ack":n} or {"end":reason}' }
    if ('end' in note) return { reason: note.end, from: side }
    if (!peer) return { reason: 'nothing was sent yet' }
    const attachment = Attachment.parse(peer.deserializeAttachment())
    const credit = new Credit(attachment.outstanding)
    const acknowledged = credit.acknowledged(note.ack)
    if (!acknowledged.ok) return { reason: acknowledged.fault.message }
    peer.serializeAttachment({ ...attachment, outstanding: credit.outstanding })
    peer.send(text)
    return null
  }

  override async webSocketClose(socket: WebSocket): Promise<void> {
    const attachment = Attachment.safeParse(socket.deserializeAttachment())
    this.#close({ reason: 'the other side is gone', ...(attachment.success ? { from: attachment.data.side } : {}) })
  }
  override async webSocketError(socket: WebSocket): Promise<void> {
    await this.webSocketClose(socket)
  }

  /** The ticket's time is over: who waits alone waits no longer. */
  override async alarm(): Promise<void> {
    const here = sides.filter(side => this.ctx.getWebSockets(side).length > 0)
    if (here.length < sides.length) this.#close({ reason: 'the other side did not come' })
  }

  /** Ends both sockets, and forgets the meeting. */
  #close({ reason, from }: Over): void {
    for (const side of sides)
      for (const socket of this.ctx.getWebSockets(side)) {
        try {
          if (side !== from) socket.send(JSON.stringify({ end: reason.slice(0, 200) } satisfies StreamNote))
          socket.close(1000, 'over')
        } catch {
          // It closed meanwhile.
        }
      }
    this.ctx.waitUntil(this.ctx.storage.deleteAll())
  }
}

/** Used, expired, never made, or somebody else's: nothing is told of which. */
const gone = () => new Response(null, { status: 404 })

function noteOf(text: string): StreamNote | null {
  try {
    const note = StreamNote.safeParse(JSON.parse(text))
    return note.success ? note.data : null
  } catch {
    return null
  }
}
