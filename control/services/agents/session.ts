import { type Fault, ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { say } from '@sirocco/shared/model/messages.ts'
import { decode, encode } from '@sirocco/shared/wire/codec.ts'
import { ObjectSet, split } from '@sirocco/shared/wire/delta.ts'
import {
  AnyHello,
  type CommandBody,
  FromAgent,
  type FromControl,
  type Hello,
  type History,
  type Observed,
  type Outcome,
  type ResultFrame,
  type UsageFrame,
} from '@sirocco/shared/wire/frames.ts'
import type { Wanted } from '@sirocco/shared/wire/objects.ts'
import type { Question } from '@sirocco/shared/wire/samples.ts'
import { oldestProtocol, protocol } from '@sirocco/shared/wire/version.ts'
import type { Change } from '../../ports/changes.ts'
import type { Agent } from '../../ports/store.ts'
import type { Ports } from '../context.ts'
import { pokeFor } from '../poke.ts'
import { keepWindow } from '../samples/keep.ts'
import { keepUsage } from '../usage/keep.ts'
import { observeAll } from './observe.ts'
import { keepResult } from './result.ts'
import { sendAgain } from './send-again.ts'

/** What must survive the object's sleep: a few hundred bytes beside the socket. */
export interface SessionState {
  readonly agent: Id<'agent'>
  /** 0 until welcomed. */
  readonly epoch: number
  readonly hosts: readonly HostState[]
}
interface HostState {
  readonly id: Id<'host'>
  /** The revision that was last sent; -1: none. */
  readonly revision: number
  /** The digest of what the agent has said so far; null: nothing since it linked. */
  readonly seen: string | null
}

/** Observed frames that wait for a turn together, by host. */
interface Gathering {
  readonly frames: Map<string, Observed>
  objects: number
}
const spoken = (theirs: number): boolean => theirs >= oldestProtocol && theirs <= protocol

const saidAnew = (known: Pick<Agent, 'version' | 'protocol' | 'bundle'>, said: Partial<typeof known>): boolean =>
  said.version !== known.version || said.protocol !== known.protocol || (said.bundle ?? known.bundle) !== known.bundle

const helloFirst: Fault = { code: 'invalid', message: 'the first frame must be hello' }

export interface SessionParts {
  readonly ports: Ports
  send(text: string): void
  /** Ends the link; the agent dials again and says everything. */
  close(reason: string): void
  /** The state changed: keep it beside the socket. */
  keep(state: SessionState): void
}

/**
 * The control plane's end of one agent's link. Messages are handled one after the other; whatever goes wrong ends the link,
 * since a new one begins with everything.
 */
export class AgentSession {
  readonly #parts: SessionParts
  #state: SessionState
  #queue: Promise<void> = Promise.resolve()
  #gathering: Gathering | null = null
  /** What was sent, to send differences only; gone after sleep, then everything is sent once. */
  readonly #sent = new Map<string, ObjectSet<Wanted>>()
  /** Questions that wait for their answer. */
  readonly #asked = new Map<string, (outcome: Outcome) => void>()

  constructor(parts: SessionParts, state: SessionState) {
    this.#parts = parts
    this.#state = state
  }

  get state(): SessionState {
    return this.#state
  }

  /** Handles one message, after those before it. */
  message(text: string | ArrayBuffer): Promise<void> {
    const frame = decode(FromAgent, text)
    if (frame.ok && frame.value.type === 'observed') return this.#heard(frame.value)
    // Whoever asked waits: an answer changes nothing, and passes what does.
    if (frame.ok && frame.value.type === 'answer') return this.#answered(frame.value.id, frame.value.outcome)
    this.#gathering = null
    return this.#inTurn(async () => {
      if (!frame.ok) return this.#state.epoch === 0 ? this.#strange(text, frame.fault) : this.#refuse(frame.fault)
      if (frame.value.type === 'hello')
        return this.#state.epoch === 0
          ? this.#hello(frame.value)
          : this.#refuse({ code: 'invalid', message: 'hello is said once a link' })
      if (this.#state.epoch === 0) return this.#refuse(helloFirst)
      if (frame.value.type === 'result') return this.#result(frame.value)
      if (frame.value.type === 'resync') return this.#resync(frame.value.host)
      if (frame.value.type === 'history') return this.#history(frame.value)
      if (frame.value.type === 'usage') return this.#usage(frame.value)
    })
  }

  /** Sends what is wanted on hosts of this agent that are now at these revisions, unless so much was sent before its turn came. */
  pull(revisions: ReadonlyMap<string, number>): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#state.epoch === 0) return
      const behind = this.#state.hosts.filter(host => (revisions.get(host.id) ?? -1) > host.revision)
      await this.#send(behind.map(host => host.id))
    })
  }

  /** The sweep: sends where the revision moved on without a poke having come through. */
  async sweep(): Promise<void> {
    if (this.#state.epoch === 0) return
    const revisions = await this.#parts.ports.store.hosts.revisions(this.#state.hosts.map(h => h.id))
    if (revisions.ok) await this.pull(revisions.value)
  }

  command(command: { id: string; host: string; deadline: number; body: CommandBody }): Result<void> {
    if (this.#state.epoch === 0) return refuse('unavailable', say('host.connecting'))
    this.#write({
      type: 'command',
      id: command.id,
      epoch: this.#state.epoch,
      host: command.host,
      deadline: command.deadline,
      command: command.body,
    })
    return ok(undefined)
  }

  #question(id: string, host: string, question: Question): Result<void> {
    if (this.#state.epoch === 0) return refuse('unavailable', say('host.connecting'))
    this.#write({ type: 'ask', id, epoch: this.#state.epoch, host, question })
    return ok(undefined)
  }

  /** A command whose answer is waited for; whoever calls bounds the wait by `forget`. */
  ask(command: { id: string; host: string; deadline: number; body: CommandBody | Question }): Promise<Result<string>> {
    return new Promise(resolve => {
      this.#asked.set(command.id, outcome =>
        resolve(
          outcome.ok
            ? ok(outcome.value)
            : refuse(outcome.fault.code, outcome.fault.message, outcome.fault.detail ? { detail: outcome.fault.detail } : {}),
        ),
      )
      const { body } = command
      const sent = body.do === 'samples' ? this.#question(command.id, command.host, body) : this.command({ ...command, body })
      if (!sent.ok) {
        this.#asked.delete(command.id)
        resolve(sent)
      }
    })
  }

  /** No answer came in time, or the link ended. */
  forget(id?: string): void {
    for (const [asked, answer] of this.#asked)
      if (id === undefined || asked === id) {
        this.#asked.delete(asked)
        answer({ ok: false, fault: { code: 'unavailable', message: 'the host did not answer in time; try again' } })
      }
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    this.#queue = this.#queue.then(work).catch((error: unknown) => {
      this.#parts.close(error instanceof Error ? error.message : 'failed')
    })
    return this.#queue
  }

  #write(frame: FromControl): void {
    this.#parts.send(encode(frame))
  }

  #refuse({ code, message }: Fault): void {
    this.#write({ type: 'bye', fault: { code, message }, retryMs: limits.reconnectMax })
    this.#parts.close(message)
  }

  #set(state: SessionState): void {
    this.#state = state
    this.#parts.keep(state)
  }

  #setHosts(changes: ReadonlyMap<string, Partial<HostState>>): void {
    if (changes.size > 0) this.#set({ ...this.#state, hosts: this.#state.hosts.map(h => ({ ...h, ...changes.get(h.id) })) })
  }

  /** What is no hello of ours may be one of another time. */
  #strange(text: string | ArrayBuffer, fault: Fault): Promise<void> | void {
    const old = decode(AnyHello, text)
    return old.ok && !spoken(old.value.protocol) ? this.#outdated(old.value) : this.#refuse(fault)
  }

  /** Its link is not taken; that it is too old, or too new, is known, and by `POST /agent/upgrade` it can become another. */
  async #outdated({ protocol: theirs, agentVersion: version, bundle }: AnyHello): Promise<void> {
    const { store } = this.#parts.ports
    const agent = await store.agents.find(this.#state.agent)
    const said = { version, protocol: theirs, ...(bundle === undefined ? {} : { bundle }) }
    if (agent.ok && saidAnew(agent.value, said)) await store.commit([{ do: 'agent.said', agent: agent.value.id, ...said }])
    this.#refuse({
      code: 'unsupported',
      message: `this control plane speaks protocols ${oldestProtocol} to ${protocol}, the agent ${theirs}: an admin has to upgrade it`,
    })
  }

  async #hello(hello: Hello): Promise<void> {
    const { store } = this.#parts.ports
    if (!spoken(hello.protocol)) return this.#outdated(hello)
    const agent = await store.agents.find(this.#state.agent)
    const incarnation = await store.incarnation()
    if (!agent.ok) return this.#refuse(agent.fault)
    if (!incarnation.ok) return this.#refuse(incarnation.fault)
    const epoch = agent.value.epoch + 1
    const said = {
      version: hello.agentVersion,
      protocol: hello.protocol,
      ...(hello.bundle === undefined ? {} : { bundle: hello.bundle }),
    }
    const changes: Change[] = [
      ...(saidAnew(agent.value, said) ? [{ do: 'agent.said', agent: agent.value.id, ...said } as const] : []),
      { do: 'agent.link', agent: agent.value.id, epoch, bootId: hello.bootId, version: hello.agentVersion },
      // In the batch by which it is heard: whoever would restart a machine elsewhere is refused from here on.
      { do: 'fence.lift', agent: agent.value.id },
      ...agent.value.fenced.map(
        host => ({ do: 'event', project: null, type: 'host.returned', subject: host, data: { epoch } }) as const,
      ),
      ...agent.value.hosts.map(
        host => ({ do: 'event', project: null, type: 'host.linked', subject: host.id, data: { epoch } }) as const,
      ),
    ]
    // An agent that ended while it became another is told again.
    const { upgrade } = agent.value
    if (upgrade) changes.push({ do: 'operation.wake', subject: upgrade.host, generation: upgrade.generation })
    const linked = await store.commit(changes)
    if (!linked.ok) return this.#refuse(linked.fault)
    pokeFor(this.#parts.ports.pokes, changes)
    const { hosts } = agent.value
    this.#set({ agent: agent.value.id, epoch, hosts: hosts.map(({ id }) => ({ id, revision: -1, seen: null })) })
    this.#sent.clear()
    this.#write({ type: 'welcome', protocol, incarnation: incarnation.value, epoch, hosts: [...hosts], beatMs: limits.beat })
    await this.#send(
      hosts.map(({ id }) => id),
      new Map(hello.hosts.map(host => [host.id, host.desired])),
    )
    // Only a hint: what this misses, the operations' own sweep sends.
    await sendAgain(
      this.#parts.ports,
      hosts.map(h => h.id),
    )
  }

  /** Sends what is wanted on these hosts; `held` are the digests of what the agent has on disk. */
  async #send(hosts: readonly Id<'host'>[], held: ReadonlyMap<string, string | null> = new Map()): Promise<void> {
    const { store } = this.#parts.ports
    const all = await Promise.all(hosts.map(async host => ({ host, desired: await store.hosts.desired(host) })))
    const sent = new Map<string, Partial<HostState>>()
    for (const { host, desired } of all) {
      if (!desired.ok) return this.#refuse(desired.fault)
      const { revision, objects } = desired.value
      this.#tell(host, revision, ObjectSet.of(objects), held.get(host) ?? null)
      sent.set(host, { revision })
    }
    this.#setHosts(sent)
  }

  #tell(host: Id<'host'>, revision: number, wanted: ObjectSet<Wanted>, held: string | null): void {
    const before = this.#sent.get(host) ?? null
    const delta = wanted.since(before)
    // An agent that holds it already is told so all the same: it starts nothing after a reboot before it was told.
    const told = before === null && held === wanted.digest ? { base: held, digest: held, changed: [], gone: [] } : delta
    if (told)
      for (const part of split(told, before))
        this.#write({ type: 'desired', host, revision, ...part, changed: [...part.changed], gone: [...part.gone] })
    this.#sent.set(host, wanted)
  }

  /** Frames of different hosts that wait for their turn share one, and one batch. */
  #heard(frame: Observed): Promise<void> {
    const open = this.#gathering
    const objects = frame.changed.length
    if (open && !open.frames.has(frame.host) && open.objects + objects <= limits.turnObjects) {
      open.frames.set(frame.host, frame)
      open.objects += objects
      return this.#queue
    }
    const group: Gathering = { frames: new Map([[frame.host, frame]]), objects }
    this.#gathering = group
    return this.#inTurn(() => {
      if (this.#gathering === group) this.#gathering = null
      return this.#observed([...group.frames.values()])
    })
  }

  async #observed(frames: readonly Observed[]): Promise<void> {
    if (this.#state.epoch === 0) return this.#refuse(helloFirst)
    const reports: { readonly host: Id<'host'>; readonly frame: Observed }[] = []
    for (const frame of frames) {
      const host = this.#state.hosts.find(h => h.id === frame.host)
      if (!host || frame.epoch !== this.#state.epoch) continue
      if (frame.base === null || frame.base === host.seen) reports.push({ host: host.id, frame })
      else this.#write({ type: 'resync', host: frame.host })
    }
    const kept = await observeAll(this.#parts.ports, reports)
    if (!kept.ok) return this.#parts.close(kept.fault.message)
    this.#setHosts(new Map(reports.map(({ host, frame }) => [host, { seen: frame.digest }])))
  }

  async #result(frame: ResultFrame): Promise<void> {
    const waiting = this.#asked.get(frame.command)
    if (waiting) {
      this.#asked.delete(frame.command)
      waiting(frame.outcome)
    } else if (this.#state.hosts.some(h => h.id === frame.host)) {
      const kept = await keepResult(this.#parts.ports, frame)
      if (!kept.ok) return this.#parts.close(kept.fault.message)
    }
    this.#write({ type: 'ack', n: frame.n })
  }

  async #answered(id: string, outcome: Outcome): Promise<void> {
    const waiting = this.#asked.get(id)
    this.#asked.delete(id)
    waiting?.(outcome)
  }

  /** What could not be kept is told again. */
  async #history({ host, window }: History): Promise<void> {
    const known = this.#state.hosts.find(h => h.id === host)
    if (!known || !(await keepWindow(this.#parts.ports, known.id, window)).ok) return
    this.#write({ type: 'kept', host, at: window.at })
  }

  /** What cannot be kept ends the link: on the next one it is told again, from the first that is not acknowledged. */
  async #usage(frame: UsageFrame): Promise<void> {
    const known = this.#state.hosts.find(h => h.id === frame.host)
    if (!known) return
    const kept = await keepUsage(this.#parts.ports, known.id, frame)
    if (!kept.ok) return this.#parts.close(kept.fault.message)
    this.#write({ type: 'usage-kept', host: frame.host, series: frame.series, n: frame.record.n })
  }

  async #resync(host: string): Promise<void> {
    const known = this.#state.hosts.find(h => h.id === host)
    if (!known) return
    this.#sent.delete(host)
    await this.#send([known.id])
  }
}
