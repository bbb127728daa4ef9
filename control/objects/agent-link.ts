import { DurableObject } from 'cloudflare:workers'
import { type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { type Id, isId } from '@sirocco/shared/kit/id.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import type { CommandBody } from '@sirocco/shared/wire/frames.ts'
import { z } from 'zod'
import { compose } from '../compose.ts'
import type { Env } from '../env.ts'
import { AgentSession, type SessionState } from '../services/agents/session.ts'
import { noteSilence } from '../services/agents/silence.ts'
import { Coalesced } from './coalesced.ts'
import { Nonces, withNonce } from './nonces.ts'

const agentId = z.custom<Id<'agent'>>(value => typeof value === 'string' && isId('agent', value))
const hostId = z.custom<Id<'host'>>(value => typeof value === 'string' && isId('host', value))
const State = z.strictObject({
  agent: agentId,
  epoch: z.int(),
  hosts: z.array(z.strictObject({ id: hostId, revision: z.int(), seen: z.string().nullable() })),
})
/** Beside each socket; `state` null where it is too large for that, and in storage instead. */
const Attachment = z.strictObject({ agent: agentId, since: z.number(), state: State.nullable() })
/** Agents that were linked and are not, since when. */
const Lost = z.record(z.string(), z.number())

/** Characters of an attachment's JSON that fit beside a socket (16 KiB serialised). */
const attachmentSize = 12_000

/**
 * Holds the links of up to `limits.agentsPerLinkObject` agents. Its sockets sleep with it; what a link must know is beside them. All
 * else is in the database: if this object loses everything, its agents dial again.
 */
export class AgentLink extends DurableObject<Env> {
  readonly #sessions = new WeakMap<WebSocket, AgentSession>()
  readonly #sweeps = new Coalesced()
  /** Agents whose hosts may be behind. */
  readonly #stale = new Set<string>()

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair('ping', 'pong'))
  }

  /** `?agent=…&nonce=…&time=…`: an agent dials; by the Worker only, which has verified its signature. A newer link ends the older. */
  override async fetch(request: Request): Promise<Response> {
    const { searchParams } = new URL(request.url)
    const agent = agentId.parse(searchParams.get('agent'))
    if (!(await this.#isNew(agent, searchParams.get('nonce') ?? '', Number(searchParams.get('time')))))
      return new Response(null, { status: 401 })
    for (const older of this.ctx.getWebSockets(agent)) this.#hangUp(older, 'a newer link of this agent came up')
    const { 0: client, 1: server } = new WebSocketPair()
    this.ctx.acceptWebSocket(server, [agent])
    this.#keep(server, { agent, epoch: 0, hosts: [] }, Date.now())
    await this.#found(agent)
    await this.#arm()
    return new Response(null, { status: 101, webSocket: client })
  }

  /** A signed upgrade counts once: one that was listened to opens no second link. */
  async #isNew(agent: string, nonce: string, time: number): Promise<boolean> {
    const key = `nonces|${agent}`
    const kept = Nonces.safeParse(await this.ctx.storage.get(key)).data ?? {}
    const after = withNonce(kept, nonce, time, Date.now())
    if (after) await this.ctx.storage.put(key, after)
    return after !== null
  }

  override async webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): Promise<void> {
    const session = await this.#sessionOf(socket)
    await session?.message(message)
  }

  override async webSocketClose(socket: WebSocket): Promise<void> {
    this.#hangUp(socket, 'closed')
    const attachment = Attachment.safeParse(socket.deserializeAttachment())
    if (attachment.success && this.#live(attachment.data.agent).length === 0) await this.#lose(attachment.data.agent)
  }
  override async webSocketError(socket: WebSocket): Promise<void> {
    await this.webSocketClose(socket)
  }

  /**
   * What is wanted on hosts of these agents may have changed: each that is linked is told what it lacks. Those that are not, though they
   * are thought alive, will be noted as silent once their time is over.
   */
  async poke(agents: readonly string[]): Promise<void> {
    for (const agent of agents) {
      if (this.#live(agent).length > 0) this.#stale.add(agent)
      else await this.#lose(agent)
    }
    // An alarm that was lost is set again by whoever pokes.
    await this.#arm()
    this.ctx.waitUntil(this.#sweeps.run(() => this.#sweep()))
  }

  async send(agent: string, command: { id: string; host: string; deadline: number; body: CommandBody }): Promise<Result<void>> {
    const session = await this.#sessionOfAgent(agent)
    return session ? session.command(command) : notLinked()
  }

  async ask(agent: string, command: { id: string; host: string; body: CommandBody }): Promise<Result<string>> {
    const session = await this.#sessionOfAgent(agent)
    if (!session) return notLinked()
    const timer = setTimeout(() => session.forget(command.id), limits.ask)
    try {
      return await session.ask({ ...command, deadline: Date.now() + limits.ask })
    } finally {
      clearTimeout(timer)
    }
  }

  override async alarm(): Promise<void> {
    const now = Date.now()
    for (const socket of this.#live()) {
      const attachment = Attachment.safeParse(socket.deserializeAttachment())
      const heard = Math.max(
        this.ctx.getWebSocketAutoResponseTimestamp(socket)?.getTime() ?? 0,
        attachment.success ? attachment.data.since : 0,
      )
      if (attachment.success && now - heard > limits.silence) {
        this.#hangUp(socket, 'nothing was heard')
        if (this.#live(attachment.data.agent).length === 0) await this.#lose(attachment.data.agent, heard)
      } else if (attachment.success) this.#stale.add(attachment.data.agent)
    }
    await this.#sweeps.run(() => this.#sweep())
    await this.#noteSilent(now)
    await this.#arm()
  }

  /** Agents that have been lost for too long are silent from now on, unless they are linked again. */
  async #noteSilent(now: number): Promise<void> {
    const lost = await this.#lost()
    const ports = compose(this.env, this.ctx)
    for (const [id, since] of Object.entries(lost)) {
      if (now - since < limits.silence) continue
      if (this.#live(id).length === 0) {
        const agent = await ports.store.agents.find(id)
        if (!agent.ok && agent.fault.code !== 'not_found') continue
        if (agent.ok && agent.value.silentSince === null && !(await noteSilence(ports, agent.value)).ok) continue
      }
      await this.#found(id)
    }
  }

  /** Tells each stale agent what it lacks: one read finds who lacks anything. */
  async #sweep(): Promise<void> {
    const agents = [...this.#stale]
    this.#stale.clear()
    const sessions = await Promise.all(agents.map(agent => this.#sessionOfAgent(agent)))
    const linked = sessions.filter(session => session !== null)
    const hosts = linked.flatMap(session => session.state.hosts)
    if (hosts.length === 0) return
    const revisions = await compose(this.env, this.ctx).store.hosts.revisions(hosts.map(host => host.id))
    if (!revisions.ok) return
    for (const session of linked) {
      const isBehind = session.state.hosts.some(host => (revisions.value.get(host.id) ?? host.revision) > host.revision)
      if (isBehind) this.ctx.waitUntil(session.pull(revisions.value))
    }
  }

  #live(agent?: string): WebSocket[] {
    return this.ctx.getWebSockets(agent).filter(socket => socket.readyState === WebSocket.OPEN)
  }

  async #sessionOfAgent(agent: string): Promise<AgentSession | null> {
    const [socket] = this.#live(agent)
    return socket ? this.#sessionOf(socket) : null
  }

  /** The session of a socket, as it was before a sleep. */
  async #sessionOf(socket: WebSocket): Promise<AgentSession | null> {
    const awake = this.#sessions.get(socket)
    if (awake) return awake
    const attachment = Attachment.safeParse(socket.deserializeAttachment())
    const state = attachment.success
      ? (attachment.data.state ?? State.safeParse(await this.ctx.storage.get(`state|${attachment.data.agent}`)).data)
      : undefined
    const already = this.#sessions.get(socket)
    if (already) return already
    if (!attachment.success || !state) {
      this.#hangUp(socket, 'the state of this link is lost')
      return null
    }
    const session = new AgentSession(
      {
        ports: compose(this.env, this.ctx),
        send: text => {
          if (socket.readyState === WebSocket.OPEN) socket.send(text)
        },
        close: reason => this.#hangUp(socket, reason),
        keep: kept => this.#keep(socket, kept, attachment.data.since),
      },
      state,
    )
    this.#sessions.set(socket, session)
    return session
  }

  #keep(socket: WebSocket, state: SessionState, since: number): void {
    const { agent } = state
    const fits = JSON.stringify(state).length <= attachmentSize
    if (!fits) this.ctx.waitUntil(this.ctx.storage.put(`state|${agent}`, state))
    socket.serializeAttachment({ agent, since, state: fits ? state : null })
  }

  #hangUp(socket: WebSocket, reason: string): void {
    this.#sessions.get(socket)?.forget()
    try {
      // A reason may have 123 bytes (RFC 6455, 5.5).
      socket.close(1000, reason.replace(/[^\x20-\x7e]/g, '?').slice(0, 120))
    } catch {
      // It is closed already.
    }
  }

  async #lost(): Promise<Record<string, number>> {
    return Lost.safeParse(await this.ctx.storage.get('lost')).data ?? {}
  }
  async #lose(agent: string, since = Date.now()): Promise<void> {
    const lost = await this.#lost()
    if (agent in lost) return
    await this.ctx.storage.put('lost', { ...lost, [agent]: since })
    await this.#arm()
  }
  async #found(agent: string): Promise<void> {
    const { [agent]: since, ...others } = await this.#lost()
    if (since !== undefined) await this.ctx.storage.put('lost', others)
  }

  /** Looks again after a beat, as long as there is anybody to look after. */
  async #arm(): Promise<void> {
    if ((await this.ctx.storage.getAlarm()) !== null) return
    if (this.#live().length === 0 && Object.keys(await this.#lost()).length === 0) return
    await this.ctx.storage.setAlarm(Date.now() + limits.beat)
  }
}

const notLinked = () => refuse('unavailable', 'the host of this machine is not connected now; try again in a moment')
