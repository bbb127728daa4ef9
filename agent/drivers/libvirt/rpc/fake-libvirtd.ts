import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodePacket, type Packet, PacketCutter, programs, statuses, types } from './packet.ts'
import { events, procedures, writeDomain } from './procedures.ts'
import { XdrWriter } from './xdr.ts'

/** What a test makes of a call: an answer's payload, an error's, or nothing at all. */
export type Answering = (packet: Packet, socket: Socket) => Buffer | { error: Buffer } | null

export const nothing = Buffer.alloc(0)

/** An error's payload: code and words, and the empty rest. */
export const errorPayload = (code: number, message: string): Buffer =>
  new XdrWriter()
    .int(code)
    .int(10)
    .optional(message, (w, text) => w.string(text))
    .int(2)
    .uint(0)
    .uint(0)
    .uint(0)
    .uint(0)
    .int(0)
    .int(0)
    .uint(0)
    .bytes()

/** The handshake of a libvirtd that wants no authentication; everything else is `more`'s. */
export const polite =
  (more: Answering = () => nothing): Answering =>
  (packet, socket) => {
    if (packet.procedure === procedures.authentications.number) return new XdrWriter().uint(1).int(0).bytes()
    if (packet.procedure === procedures.supports.number) return new XdrWriter().int(1).bytes()
    if (packet.procedure === procedures.open.number) return nothing
    if (packet.procedure === procedures.registerEvent.number) return new XdrWriter().int(0).bytes()
    return more(packet, socket)
  }

export const replyTo = (packet: Packet, status: number, payload: Buffer): Buffer =>
  encodePacket({ ...packet, type: types.reply, status, payload })

/** A lifecycle event as libvirtd sends it. */
export const lifecyclePacket = (name: string, uuid: Buffer, event: number): Buffer =>
  encodePacket({
    program: programs.remote,
    procedure: events.lifecycle,
    type: types.message,
    serial: 0,
    status: statuses.ok,
    payload: writeDomain(new XdrWriter().int(0), { name, uuid, id: 1 }).int(event).int(0).bytes(),
  })

/** A guest's restart as libvirtd tells it. */
export const rebootPacket = (name: string, uuid: Buffer): Buffer =>
  encodePacket({
    program: programs.remote,
    procedure: events.reboot,
    type: types.message,
    serial: 0,
    status: statuses.ok,
    payload: writeDomain(new XdrWriter().int(0), { name, uuid, id: 1 }).bytes(),
  })

/** Speaks libvirt's protocol on a UNIX socket, as the test says. */
export class FakeLibvirtd {
  readonly socket: string
  readonly #dir: string
  readonly #server: Server
  readonly joined = new Set<Socket>()
  readonly received: Packet[] = []

  private constructor(dir: string, answer: Answering) {
    this.#dir = dir
    this.socket = join(dir, 'sock')
    this.#server = createServer(socket => {
      const cutter = new PacketCutter()
      this.joined.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => this.joined.delete(socket))
      socket.on('data', chunk => {
        for (const packet of cutter.push(chunk)) {
          this.received.push(packet)
          if (packet.type !== types.call) continue
          const said = answer(packet, socket)
          if (said === null) continue
          socket.write('error' in said ? replyTo(packet, statuses.error, said.error) : replyTo(packet, statuses.ok, said))
        }
      })
    })
  }

  static async start(answer: Answering): Promise<FakeLibvirtd> {
    const fake = new FakeLibvirtd(await mkdtemp(join(tmpdir(), 'flv-')), answer)
    await fake.listen()
    return fake
  }

  listen(): Promise<void> {
    return new Promise(resolve => this.#server.listen(this.socket, resolve))
  }

  /** Drops everyone, as a killed libvirtd does. */
  async die(): Promise<void> {
    for (const socket of this.joined) socket.destroy()
    await new Promise(resolve => this.#server.close(resolve))
  }

  async close(): Promise<void> {
    if (this.#server.listening) await this.die()
    await rm(this.#dir, { recursive: true, force: true })
  }
}
