import { DurableObject } from 'cloudflare:workers'
import { eventJson, type FeedMessage } from '@sirocco/shared/api/events.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { z } from 'zod'
import { compose } from '../compose.ts'
import type { Event } from '../domain/events/event.ts'
import type { Env } from '../env.ts'
import { deliver } from '../services/webhooks/deliver.ts'
import { adminsFeedOf, feedOf } from './addresses.ts'
import { Coalesced } from './coalesced.ts'
import { EventStream } from './event-stream.ts'
import { type Listener, Listeners, type Source } from './listeners.ts'

/** `hosts`: may hear of hosts, too. */
const Attachment = z.strictObject({ project: z.string(), after: z.int(), until: z.number(), hosts: z.boolean() })
type Attachment = z.output<typeof Attachment>

/**
 * Tells who listens of a project's events: one object for each project, and one that knows where admins listen. It keeps nothing: sockets carry their own cursor, and what
 * they missed is read again.
 */
export class Feed extends DurableObject<Env> {
  /** Event streams, with whose they are and until when. */
  readonly #streams = new Map<EventStream, Attachment>()
  readonly #listeners = new Listeners(() => [...this.#sockets(), ...this.#streams.keys()])
  /** Of the admins' feed only: the projects in which they listen, until when unless they say so again. */
  readonly #admins = new Map<Id<'project'>, number>()
  readonly #delivering = new Coalesced()
  #noWebhooksUntil = 0

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair('ping', 'pong'))
  }

  /** There may be new events. */
  async poke(project: Id<'project'>): Promise<void> {
    this.ctx.waitUntil(this.#tellWebhooks(project))
    await this.#pump(project)
  }

  /** Looks whether there are any once in a while only: most projects have none. */
  async #tellWebhooks(project: Id<'project'>): Promise<void> {
    if (Date.now() < this.#noWebhooksUntil) return
    const ports = compose(this.env, this.ctx)
    const any = await ports.store.webhooks.any(project)
    if (any.ok && !any.value) this.#noWebhooksUntil = Date.now() + limits.feedSweep
    // What goes wrong is made good by the sweep.
    else await this.#delivering.run(async () => void (await deliver(ports, project)))
  }

  /** Somebody listens in this project's feed who may hear of hosts. */
  async join(project: Id<'project'>): Promise<void> {
    this.#admins.set(project, Date.now() + 2 * limits.feedSweep)
  }

  /** There may be new events of no project. A feed that this has forgotten looks by itself. */
  async pokeAll(): Promise<void> {
    const now = Date.now()
    for (const [project, until] of this.#admins)
      if (until < now) this.#admins.delete(project)
      else this.ctx.waitUntil(feedOf(this.env, project).poke(project))
  }

  /** `?project=…&hosts=…&after=…`, by the Worker only, which has authenticated: a WebSocket, else an event stream. */
  override async fetch(request: Request): Promise<Response> {
    const { searchParams } = new URL(request.url)
    const project = searchParams.get('project') as Id<'project'>
    const source = this.#source(project)
    if (this.#sockets().length + this.#streams.size >= limits.feedListeners)
      return new Response(null, { status: 429, headers: { 'retry-after': String(limits.feedSweep / 1_000) } })
    const asked = searchParams.get('after')
    const newest = asked === null ? await source.newest() : { ok: true as const, value: Number(asked) }
    if (!newest.ok) return new Response(null, { status: 503 })
    const hosts = searchParams.get('hosts') === 'true'
    const attachment: Attachment = { project, hosts, after: newest.value, until: Date.now() + limits.feedLifetime }
    if ((await this.ctx.storage.getAlarm()) === null) await this.ctx.storage.setAlarm(Date.now() + limits.feedSweep)

    if (hosts) this.ctx.waitUntil(adminsFeedOf(this.env).join(project))
    if (request.headers.get('upgrade') === null) return this.#stream(attachment)
    const { 0: client, 1: server } = new WebSocketPair()
    this.ctx.acceptWebSocket(server)
    const listener = new SocketListener(server, attachment)
    listener.tell([])
    this.ctx.waitUntil(this.#pump(project))
    return new Response(null, { status: 101, webSocket: client })
  }

  #stream(attachment: Attachment): Response {
    const stream = new EventStream(attachment.after, () => this.#streams.delete(stream), attachment.hosts)
    this.#streams.set(stream, attachment)
    stream.say(`retry: ${limits.feedSweep}\n\n`)
    this.ctx.waitUntil(this.#pump(attachment.project as Id<'project'>))
    return new Response(stream.body, { headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store' } })
  }

  override async alarm(): Promise<void> {
    const now = Date.now()
    const sockets = this.#sockets()
    for (const socket of sockets) if (socket.attachment.until < now) socket.end()
    for (const [stream, { until }] of this.#streams) {
      if (until < now) stream.end()
      else stream.say(': still here\n\n')
    }
    const attachments = [...sockets.map(socket => socket.attachment), ...this.#streams.values()]
    const project = attachments[0]?.project as Id<'project'> | undefined
    if (project === undefined) return
    await this.ctx.storage.setAlarm(now + limits.feedSweep)
    if (attachments.some(({ hosts }) => hosts)) this.ctx.waitUntil(adminsFeedOf(this.env).join(project))
    await this.#pump(project)
  }

  /** Clients say nothing but pings, which are answered without waking this. */
  override webSocketMessage(socket: WebSocket): void {
    socket.close(1008, 'this socket only tells')
  }
  override webSocketClose(socket: WebSocket): void {
    socket.close()
  }

  #sockets(): SocketListener[] {
    return this.ctx.getWebSockets().flatMap(socket => {
      const attachment = Attachment.safeParse(socket.deserializeAttachment())
      return attachment.success && socket.readyState === WebSocket.OPEN ? [new SocketListener(socket, attachment.data)] : []
    })
  }

  #source(project: Id<'project'>): Source {
    const { store } = compose(this.env, this.ctx)
    return {
      since: (seq, limit, hosts) => store.events.since({ project, hosts }, seq, limit),
      newest: () => store.events.newest({ project, hosts: true }),
    }
  }

  #pump(project: Id<'project'>): Promise<void> {
    return this.#listeners.pump(this.#source(project))
  }
}

/** A hibernating socket; its cursor is kept in its attachment. */
class SocketListener implements Listener {
  readonly #socket: WebSocket
  readonly attachment: Attachment
  constructor(socket: WebSocket, attachment: Attachment) {
    this.#socket = socket
    this.attachment = attachment
  }
  get after(): number {
    return this.attachment.after
  }
  set after(seq: number) {
    this.attachment.after = seq
    this.#socket.serializeAttachment(this.attachment)
  }
  get hosts(): boolean {
    return this.attachment.hosts
  }
  tell(events: readonly Event[]): void {
    const cursor = events.at(-1)?.seq ?? this.after
    this.#send({ events: events.map(eventJson), cursor })
  }
  reset(cursor: number): void {
    this.#send({ reset: true, cursor })
  }
  end(): void {
    this.#socket.close(4001, 'come back')
  }
  #send(message: FeedMessage): void {
    this.after = message.cursor
    try {
      this.#socket.send(JSON.stringify(message))
    } catch {
      // It closed meanwhile; it comes back with its own cursor.
    }
  }
}
