import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { hour, minute, second, type Timers } from '@sirocco/shared/kit/clock.ts'
import { ok, type Refused, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { z } from 'zod'
import type { Definition, LeaveOptions } from '../../ports/compute.ts'
import type { Arrival, Departure, Peer } from '../../ports/move.ts'
import { arrivingXml } from './arriving-xml.ts'
import { movingDisks } from './disks.ts'
import type { DomainHost } from './domain-xml.ts'
import { faultOf, isCode, libvirtErrors } from './faults.ts'
import { domainName, domainUuid } from './identity.ts'
import { type Connection, openConnection } from './rpc/connection.ts'
import { type Parameters, procedures } from './rpc/procedures.ts'

/** Of each disk only what it has above its image, or all that it holds: where it stands on what is on its host alone. None: both hosts have all of them. */
const copies = ['none', 'top', 'full'] as const
type Copy = (typeof copies)[number]
/** virDomainMigrateFlags: LIVE, NON_SHARED_INC or NON_SHARED_DISK, CHANGE_PROTECTION, UNSAFE (libvirt cannot see that a copied disk is not shared), AUTO_CONVERGE. */
const flagsFor = (copy: Copy): number => 1 | { none: 0, top: 128, full: 64 }[copy] | 256 | 512 | 8192
/** However large the guest. */
const performDeadline = 24 * hour
const longDeadline = 5 * minute
/** How long, and how often, the other host is asked again what became of the machine. */
const askAgainFor = 60 * second
const askAgainEvery = 1 * second
const progressEvery = 1 * second

const Question = z.discriminatedUnion('ask', [
  z.strictObject({ ask: z.literal('prepare'), xml: z.string(), cookie: z.base64(), copy: z.enum(copies) }),
  z.strictObject({ ask: z.literal('finish'), cookie: z.base64(), cancelled: z.boolean() }),
  z.strictObject({ ask: z.literal('outcome') }),
])
type Question = z.output<typeof Question>
const Reply = z.strictObject({ cookie: z.base64(), runs: z.boolean() })

export interface MoveParts {
  readonly socket: string
  readonly uri: string
  readonly timers: Timers
  /** For UNIX sockets of moves. */
  readonly dir: string
  readonly host: DomainHost
  /** Removes what libvirt leaves of a machine that is not defined here. */
  forget(machine: string): Promise<void>
}

/**
 * A connection of a move's own: it does not share the few calls that libvirtd serves at once, and its end is a sign to libvirtd, which then
 * undoes what is not finished.
 */
const connectionOf = ({ socket, uri, timers }: MoveParts) =>
  openConnection({ socket, uri, timers, lifecycle: () => {}, rebooted: () => {}, lost: () => {} })

/** Which disks are copied: the volumes. */
const copied = (devices: readonly string[]): Parameters => devices.map(device => ['migrate_disks', device] as const)

const stayed = ({ fault }: Refused): Departure => ({ kind: 'stayed', fault })

/**
 * Moves a running machine to the host of `peer`, driven from here: begin, prepare there, perform, finish there, confirm. QEMU's own streams
 * go through the peer's tunnels. Only a `finish` that was not cancelled lets it run there, so before that it stays, whatever fails; after
 * that the other host alone knows, and nothing is resumed here until it has told.
 */
export async function leave(parts: MoveParts, machine: string, peer: Peer, options: LeaveOptions): Promise<Departure> {
  const link = await connectionOf(parts)
  if (!link.ok) return stayed(faultOf(link.error))
  try {
    return await drive(parts, link.value, machine, peer, options)
  } finally {
    link.value.close()
  }
}

async function drive(
  { host, timers }: MoveParts,
  link: Connection,
  machine: string,
  peer: Peer,
  { progress, cancel, shared }: LeaveOptions,
): Promise<Departure> {
  const found = await link.call(procedures.lookup, domainUuid(host.instance, machine))
  if (!found.ok) return stayed(faultOf(found.error))
  const domain = found.value
  const xml = await link.call(procedures.xml, { domain, flags: 0 })
  if (!xml.ok) return stayed(faultOf(xml.error))
  const { devices, copy } = movingDisks(xml.value, shared)
  const flags = flagsFor(copy)
  const begun = await link.call(procedures.migrateBegin, { domain, parameters: copied(devices), flags })
  if (!begun.ok) return stayed(faultOf(begun.error))

  const prepared = await ask(peer, {
    ask: 'prepare',
    xml: begun.value.xml,
    cookie: begun.value.cookie.toString('base64'),
    copy,
  })
  const memory = await peer.tunnel('memory')
  const disks = await peer.tunnel('disks')
  const tunnels = memory.ok ? disks : memory
  if (!prepared.ok || !memory.ok || !disks.ok) {
    await link.call(procedures.abortJob, domain)
    return stayed(prepared.ok ? (tunnels as Refused) : prepared)
  }

  const watch = () =>
    timers.after(progressEvery, async () => {
      const job = await link.call(procedures.job, domain)
      if (job.ok && job.value.total > 0n) progress(Number((100n * (job.value.total - job.value.left)) / job.value.total))
      if (watching) watching = watch()
    })
  let watching: { cancel(): void } | null = watch()
  const abort = () => void link.call(procedures.abortJob, domain)
  cancel.addEventListener('abort', abort)
  const performed = cancel.aborted
    ? null
    : await link.call(
        procedures.migratePerform,
        {
          domain,
          parameters: [
            ['migrate_uri', `unix:${memory.value}`],
            ...(copy === 'none' ? [] : [['disks_uri', `unix:${disks.value}`] as const]),
            ...copied(devices),
          ],
          cookie: prepared.value.cookie,
          flags,
        },
        performDeadline,
      )
  cancel.removeEventListener('abort', abort)
  watching.cancel()
  watching = null
  if (!performed?.ok) {
    await ask(peer, { ask: 'finish', cookie: '', cancelled: true })
    return stayed(performed ? faultOf(performed.error) : refuse('conflict', 'the move was called off'))
  }

  const finished = await outcome(peer, timers, performed.value.cookie)
  if (!finished.ok) return { kind: 'unknown', fault: finished.fault }
  // The tombstone that follows removes what a lost confirmation leaves.
  await link.call(procedures.migrateConfirm, { domain, cookie: finished.value.cookie, flags, cancelled: !finished.value.runs })
  return finished.value.runs ? { kind: 'left' } : stayed(refuse('internal', 'the machine did not start on the other host'))
}

/** Lets it run there; asked again what became of it where the answer got lost. */
async function outcome(peer: Peer, timers: Timers, cookie: Buffer): Promise<Result<{ cookie: Buffer; runs: boolean }>> {
  let answer = await ask(peer, { ask: 'finish', cookie: cookie.toString('base64'), cancelled: false })
  for (const until = timers.now() + askAgainFor; !answer.ok && timers.now() < until; ) {
    await new Promise<void>(resolve => timers.after(askAgainEvery, resolve))
    answer = await ask(peer, { ask: 'outcome' })
  }
  return answer
}

async function ask(peer: Peer, question: Question): Promise<Result<{ cookie: Buffer; runs: boolean }>> {
  const answer = await peer.ask(JSON.stringify(question))
  if (!answer.ok) return answer
  const reply = Reply.safeParse(parsed(answer.value))
  if (!reply.success) return refuse('unavailable', 'the other host answered what is no answer', { detail: reply.error.message })
  return ok({ cookie: Buffer.from(reply.data.cookie, 'base64'), runs: reply.data.runs })
}

/** Waits for a machine as `definition` says, whose disk is made; `arrived` by the move's own end or by a look at the hypervisor. */
export async function arrive(parts: MoveParts, definition: Definition): Promise<Result<Arrival>> {
  await mkdir(parts.dir, { recursive: true, mode: 0o711 })
  const folder = await mkdtemp(join(parts.dir, 'arrive-'))
  // QEMU makes its sockets there, as its own user; only whoever was told its name finds it.
  await chmod(folder, 0o1733)
  return ok(new LibvirtArrival(parts, definition, folder))
}

const sockets: ReadonlySet<string> = new Set(['memory', 'disks'])

class LibvirtArrival implements Arrival {
  readonly #parts: MoveParts
  readonly #definition: Definition
  readonly #folder: string
  #link: Connection | null = null
  #flags = flagsFor('top')
  /** One question after the other: none is answered while another is. */
  #turn: Promise<unknown> = Promise.resolve()
  #outcome: 'open' | 'runs' | 'nothing' = 'open'

  constructor(parts: MoveParts, definition: Definition, folder: string) {
    this.#parts = parts
    this.#definition = definition
    this.#folder = folder
  }

  get came(): boolean {
    return this.#outcome === 'runs'
  }

  socket(name: string): string | null {
    return this.#outcome === 'open' && sockets.has(name) ? join(this.#folder, name) : null
  }

  answer(text: string): Promise<Result<string>> {
    return this.#inTurn(async () => {
      const question = Question.safeParse(parsed(text))
      if (!question.success) return refuse('invalid', 'no question of a move')
      const cookie = await this.#reply(question.data)
      return cookie.ok ? ok(JSON.stringify({ cookie: cookie.value.toString('base64'), runs: this.#outcome === 'runs' })) : cookie
    })
  }

  close(): Promise<Result<'arrived' | 'nothing'>> {
    return this.#inTurn(async () => {
      const end = await this.#settle()
      if (!end.ok) return end
      this.#link?.close()
      await rm(this.#folder, { recursive: true, force: true })
      return ok(this.#outcome === 'runs' ? 'arrived' : 'nothing')
    })
  }

  #reply(question: Question): Promise<Result<Buffer>> {
    if (question.ask === 'prepare') return this.#prepare(question.xml, Buffer.from(question.cookie, 'base64'), question.copy)
    if (question.ask === 'finish' && !question.cancelled) return this.#finish(Buffer.from(question.cookie, 'base64'))
    return this.#settle()
  }

  get #parameters(): Parameters {
    const { host } = this.#parts
    return [
      ['migrate_uri', `unix:${join(this.#folder, 'memory')}`],
      ['disks_uri', `unix:${join(this.#folder, 'disks')}`],
      ['destination_name', domainName(host.tag, this.#definition.machine.id)],
    ]
  }

  async #prepare(theirs: string, cookie: Buffer, copy: Copy): Promise<Result<Buffer>> {
    if (this.#outcome !== 'open' || this.#link) return refuse('precondition', 'this move is over')
    const xml = arrivingXml(theirs, this.#definition, this.#parts.host)
    if (!xml.ok) return xml
    const link = await connectionOf(this.#parts)
    if (!link.ok) return faultOf(link.error)
    this.#link = link.value
    this.#flags = flagsFor(copy)
    const devices = this.#definition.disks.filter(({ shared }) => !shared).map(({ device }) => device)
    if ((devices.length === 0) !== (copy === 'none'))
      return refuse('precondition', 'the two hosts do not agree which disks they share')
    const own = this.#parameters.filter(([name]) => copy !== 'none' || name !== 'disks_uri')
    const parameters: Parameters = [...own, ['destination_xml', xml.value], ...copied(devices)]
    const prepared = await link.value.call(procedures.migratePrepare, { parameters, cookie, flags: this.#flags }, longDeadline)
    return prepared.ok ? ok(prepared.value.cookie) : faultOf(prepared.error)
  }

  async #finish(cookie: Buffer): Promise<Result<Buffer>> {
    if (this.#outcome !== 'open' || !this.#link) return this.#settle()
    const finished = await this.#link.call(
      procedures.migrateFinish,
      {
        parameters: this.#parameters.filter(([name]) => name === 'destination_name'),
        cookie,
        flags: this.#flags,
        cancelled: false,
      },
      longDeadline,
    )
    if (!finished.ok) return this.#settle()
    this.#outcome = 'runs'
    return ok(finished.value.cookie)
  }

  /** What became of it: where it does not run, nothing of it may remain that could. */
  async #settle(): Promise<Result<Buffer>> {
    if (this.#outcome !== 'open') return ok(Buffer.alloc(0))
    this.#link?.close()
    const link = await connectionOf(this.#parts)
    if (!link.ok) return faultOf(link.error)
    try {
      const runs = await settleArrival(link.value, this.#parts.host, this.#definition.machine.id)
      if (!runs.ok) return runs
      this.#outcome = runs.value ? 'runs' : 'nothing'
      if (!runs.value) await this.#parts.forget(this.#definition.machine.id)
      return ok(Buffer.alloc(0))
    } finally {
      link.value.close()
    }
  }

  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(run)
    this.#turn = mine.catch(() => undefined)
    return mine
  }
}

/** Does it run here? What waits for a stream that will not come is ended. */
export async function settleArrival(link: Connection, host: DomainHost, machine: string): Promise<Result<boolean>> {
  const domain = await link.call(procedures.lookup, domainUuid(host.instance, machine))
  if (!domain.ok) return isCode(domain.error, libvirtErrors.noDomain) ? ok(false) : faultOf(domain.error)
  const state = await link.call(procedures.state, domain.value)
  if (!state.ok) return isCode(state.error, libvirtErrors.noDomain) ? ok(false) : faultOf(state.error)
  if (state.value.state !== paused) return ok(true)
  const ended = await link.call(procedures.destroy, { domain: domain.value, flags: 0 })
  return ended.ok || isCode(ended.error, libvirtErrors.noDomain) ? ok(false) : faultOf(ended.error)
}

/** VIR_DOMAIN_PAUSED */
export const paused = 3

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
