import { connect, type Socket } from 'node:net'
import type { Timers } from '@sirocco/shared/kit/clock.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { encodePacket, type Packet, PacketCutter, programs, statuses, streamPayloadMax, types } from './packet.ts'
import {
  type Domain,
  events,
  keepaliveFeature,
  type LifecycleEvent,
  type Procedure,
  procedures,
  readLifecycle,
  readReboot,
} from './procedures.ts'
import { Malformed, XdrReader, XdrWriter } from './xdr.ts'

/** Why a call has no answer: libvirt refused it, the connection went (it may have been carried out), or nothing came in time. */
export type CallError =
  | { readonly kind: 'libvirt'; readonly code: number; readonly message: string }
  | { readonly kind: 'lost'; readonly message: string }

export type Answer<R> = { readonly ok: true; readonly value: R } | { readonly ok: false; readonly error: CallError }

/** A byte stream joined to a call; `closed` is called once, whoever ends it. */
export interface StreamEnds {
  data(bytes: Uint8Array): void
  closed(): void
}

export interface OpenStream {
  write(bytes: Uint8Array): void
  close(): void
}

/** One connection to libvirtd; it never comes back: after `lost` a new one is opened. */
export interface Connection {
  call<A, R>(procedure: Procedure<A, R>, args: A, deadline?: number): Promise<Answer<R>>
  stream<A>(procedure: Procedure<A, undefined>, args: A, ends: StreamEnds): Promise<Answer<OpenStream>>
  /** Says goodbye and closes; every pending call is answered `lost`. */
  close(): void
}

export interface ConnectionOptions {
  readonly socket: string
  readonly uri: string
  readonly timers: Timers
  lifecycle(event: LifecycleEvent): void
  /** The guest of a domain starts anew, by itself or since it was reset. */
  rebooted(domain: Domain): void
  /** Called once, when the connection is of no more use. */
  lost(why: string): void
}

const keepalive = { ping: 1, pong: 2 } as const
const empty = Buffer.alloc(0)

const lost = (message: string): { ok: false; error: CallError } => ({ ok: false, error: { kind: 'lost', message } })

interface Pending {
  readonly answer: (packet: Packet) => void
  readonly abandon: (why: string) => void
}

/** Reads the beginning of `remote_error`; the rest of it is of no use here. */
function readError(payload: Buffer): CallError {
  const reader = new XdrReader(payload)
  const code = reader.int()
  reader.int()
  return { kind: 'libvirt', code, message: reader.optional(r => r.string()) ?? `error ${code}` }
}

/** Joins libvirtd's UNIX socket and opens `uri` there. Speaks without authentication only: the socket's mode is the lock. */
export async function openConnection(options: ConnectionOptions): Promise<Answer<Connection>> {
  const socket = connect(options.socket)
  const joined = await new Promise<string | null>(resolve => {
    socket.once('connect', () => resolve(null))
    socket.once('error', error => resolve(error.message))
  })
  if (joined !== null) return lost(joined)
  const connection = new SocketConnection(socket, options)
  const opened = await connection.handshake()
  if (opened.ok) return { ok: true, value: connection }
  connection.close()
  return opened
}

class SocketConnection implements Connection {
  readonly #socket: Socket
  readonly #options: ConnectionOptions
  readonly #cutter = new PacketCutter()
  readonly #pending = new Map<number, Pending>()
  readonly #streams = new Map<number, StreamEnds>()
  #serial = 0
  #silentFor = 0
  #beat: { cancel(): void } | null = null
  #ended: string | null = null
  #opened = false

  constructor(socket: Socket, options: ConnectionOptions) {
    this.#socket = socket
    this.#options = options
    socket.removeAllListeners('error')
    socket.on('error', error => this.#end(error.message))
    socket.on('close', () => this.#end('libvirtd closed the connection'))
    socket.on('data', chunk => this.#receive(chunk))
  }

  async handshake(): Promise<Answer<undefined>> {
    const offered = await this.call(procedures.authentications, undefined)
    if (!offered.ok) return offered
    if (!offered.value.includes(0))
      return lost('libvirtd wants authentication on its socket (auth_unix_rw): run the agent as root')
    const alive = await this.call(procedures.supports, keepaliveFeature)
    if (!alive.ok) return alive
    if (alive.value) this.#startBeat()
    const opened = await this.call(procedures.open, this.#options.uri)
    this.#opened = opened.ok
    return opened
  }

  call<A, R>(procedure: Procedure<A, R>, args: A, deadline: number = limits.libvirtCall): Promise<Answer<R>> {
    return this.#send(procedure, args, deadline).reply
  }

  async stream<A>(procedure: Procedure<A, undefined>, args: A, ends: StreamEnds): Promise<Answer<OpenStream>> {
    const { serial, reply } = this.#send(procedure, args, limits.libvirtCall, ends)
    const answer = await reply
    if (!answer.ok) {
      this.#streams.delete(serial)
      return answer
    }
    const push = (status: number, payload: Buffer) =>
      this.#write({ program: programs.remote, procedure: procedure.number, type: types.stream, serial, status, payload })
    const close = () => {
      if (!this.#streams.delete(serial)) return
      push(statuses.error, empty)
      ends.closed()
    }
    const write = (bytes: Uint8Array) => {
      if (!this.#streams.has(serial)) return
      if (this.#socket.writableLength > limits.libvirtUnsent) close()
      else
        for (let at = 0; at < bytes.length; at += streamPayloadMax)
          push(statuses.continue, Buffer.from(bytes.subarray(at, at + streamPayloadMax)))
    }
    return { ok: true, value: { write, close } }
  }

  close(): void {
    if (this.#ended !== null) return
    if (this.#opened) this.#send(procedures.close, undefined, limits.libvirtCall)
    this.#end('closed')
  }

  #send<A, R>(
    procedure: Procedure<A, R>,
    args: A,
    deadline: number,
    ends?: StreamEnds,
  ): { serial: number; reply: Promise<Answer<R>> } {
    const serial = (this.#serial = (this.#serial + 1) >>> 0 || 1)
    if (this.#ended !== null) return { serial, reply: Promise.resolve(lost(this.#ended)) }
    if (this.#pending.size >= limits.libvirtCalls) return { serial, reply: Promise.resolve(lost('too many calls under way')) }
    const writer = new XdrWriter()
    procedure.write(writer, args)
    if (ends) this.#streams.set(serial, ends)
    const reply = new Promise<Answer<R>>(resolve => {
      const timer = this.#options.timers.after(deadline, () =>
        this.#end(`libvirtd did not answer procedure ${procedure.number} within ${deadline} ms`),
      )
      const settle = (answer: Answer<R>) => {
        timer.cancel()
        this.#pending.delete(serial)
        resolve(answer)
      }
      this.#pending.set(serial, {
        answer: packet =>
          settle(
            packet.status === statuses.ok
              ? { ok: true, value: procedure.read(new XdrReader(packet.payload)) }
              : { ok: false, error: readError(packet.payload) },
          ),
        abandon: why => settle(lost(why)),
      })
    })
    this.#write({
      program: procedure.program ?? programs.remote,
      procedure: procedure.number,
      type: types.call,
      serial,
      status: statuses.ok,
      payload: writer.bytes(),
    })
    return { serial, reply }
  }

  #write(packet: Packet): void {
    if (this.#ended === null) this.#socket.write(encodePacket(packet))
  }

  #receive(chunk: Buffer): void {
    if (this.#ended !== null) return
    this.#silentFor = 0
    try {
      for (const packet of this.#cutter.push(chunk)) this.#take(packet)
    } catch (error) {
      if (!(error instanceof Malformed)) throw error
      this.#end(`libvirtd sent ${error.message}`)
    }
  }

  #take(packet: Packet): void {
    if (packet.program === programs.keepalive) {
      if (packet.procedure === keepalive.ping) this.#write(this.#sign(keepalive.pong))
      return
    }
    if (packet.program !== programs.remote && packet.program !== programs.qemu)
      throw new Malformed(`program 0x${packet.program.toString(16)}`)
    if (packet.type === types.reply) {
      const pending = this.#pending.get(packet.serial)
      // An aborted stream is answered once more, under the serial of its call.
      if (!pending && packet.serial > this.#serial) throw new Malformed(`an answer to call ${packet.serial}, which nobody made`)
      pending?.answer(packet)
    } else if (packet.type === types.stream) this.#streamed(packet)
    else if (packet.type !== types.message) throw new Malformed(`a packet of type ${packet.type}`)
    else if (packet.procedure === events.lifecycle) this.#options.lifecycle(readLifecycle(new XdrReader(packet.payload)))
    else if (packet.procedure === events.reboot) this.#options.rebooted(readReboot(new XdrReader(packet.payload)))
  }

  #streamed(packet: Packet): void {
    const ends = this.#streams.get(packet.serial)
    if (!ends) return
    if (packet.status === statuses.continue && packet.payload.length) ends.data(packet.payload)
    else {
      this.#streams.delete(packet.serial)
      ends.closed()
    }
  }

  #sign(procedure: number): Packet {
    return { program: programs.keepalive, procedure, type: types.message, serial: 0, status: statuses.ok, payload: empty }
  }

  #startBeat(): void {
    this.#beat = this.#options.timers.after(limits.libvirtBeat, () => {
      this.#silentFor += 1
      this.#write(this.#sign(keepalive.ping))
      if (this.#silentFor > 2) this.#end('libvirtd is silent')
      else this.#startBeat()
    })
  }

  #end(why: string): void {
    if (this.#ended !== null) return
    this.#ended = why
    this.#beat?.cancel()
    this.#socket.end()
    this.#socket.destroySoon()
    for (const pending of [...this.#pending.values()]) pending.abandon(why)
    for (const ends of [...this.#streams.values()]) ends.closed()
    this.#streams.clear()
    if (this.#opened) this.#options.lost(why)
  }
}
