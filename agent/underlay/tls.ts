import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { connect as connectTls, createServer as createTlsServer, type TLSSocket, type Server as TlsServer } from 'node:tls'
import { minute, second } from '@sirocco/shared/kit/clock.ts'
import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { MiB } from '@sirocco/shared/kit/units.ts'
import { z } from 'zod'
import type { Arrival, Endpoint, Move, Peer, Underlay } from '../ports/move.ts'

/** The key that both hosts were given proves each to the other; the exchange (psk_dhe_ke) keeps what was said secret even if it is lost. */
const tls = {
  minVersion: 'TLSv1.3',
  maxVersion: 'TLSv1.3',
  ciphers: 'TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256',
} as const
/** From a connection to its first line. */
const openWithin = 10 * second
/** A question may make the other host start a guest. */
const answerWithin = 5 * minute
/** Of one line: a definition and libvirt's cookie. */
const lineMax = 12 * MiB

const Opening = z.union([z.strictObject({ ask: z.string() }), z.strictObject({ socket: z.string().max(32) })])
const Answer = z.union([
  z.strictObject({ value: z.string() }),
  z.strictObject({ fault: z.strictObject({ code: z.string(), message: z.string(), detail: z.string().optional() }) }),
])

export interface UnderlayOptions {
  readonly address: string | null
  /** 0: any. */
  readonly port: number
  /** For the UNIX sockets of this instance. */
  readonly dir: string
}

/** Moves between hosts over TLS with a key of each move's own; nothing listens but while a machine is to come. */
export function tlsUnderlay({ address, port, dir }: UnderlayOptions): Underlay {
  const open = new Map<string, { key: Buffer; arrival: Pick<Arrival, 'answer' | 'socket'> }>()
  let listening: Promise<TlsServer> | null = null

  const listen = (host: string): Promise<TlsServer> =>
    new Promise((resolve, reject) => {
      const server = createTlsServer({
        ...tls,
        allowHalfOpen: true,
        handshakeTimeout: openWithin,
        pskCallback: (socket, identity) => {
          moves.set(socket, identity)
          return open.get(identity)?.key ?? null
        },
      })
      const moves = new WeakMap<object, string>()
      server.on('secureConnection', socket => {
        const move = open.get(moves.get(socket) ?? '')
        if (move) void serve(socket, move.arrival)
        else socket.destroy()
      })
      server.on('tlsClientError', (_, socket) => socket.destroy())
      server.once('error', reject)
      server.listen(port, host, () => resolve(server))
    })

  return {
    address,
    async receive(move, arrival) {
      if (address === null) return refuse('precondition', 'this host declares no underlay address')
      open.set(move.id, { key: Buffer.from(move.secret, 'base64'), arrival })
      const close = () => {
        open.delete(move.id)
        if (open.size > 0) return
        const last = listening
        listening = null
        void last?.then(server => server.close()).catch(() => {})
      }
      try {
        listening ??= listen(address)
        const { port: bound } = (await listening).address() as AddressInfo
        return ok({ endpoint: { address, port: bound }, close })
      } catch (error) {
        listening = null
        close()
        return refuse('unavailable', `this host cannot listen on its underlay address ${address}`, { detail: String(error) })
      }
    },
    peer: (move, endpoint) => new TlsPeer(move, endpoint, dir),
  }
}

async function serve(socket: TLSSocket, arrival: Pick<Arrival, 'answer' | 'socket'>): Promise<void> {
  socket.on('error', () => socket.destroy())
  const opening = Opening.safeParse(parsed(await lineOf(socket, openWithin)))
  if (!opening.success) return void socket.destroy()
  if ('ask' in opening.data) {
    const answer = await arrival.answer(opening.data.ask)
    socket.end(`${JSON.stringify(answer.ok ? { value: answer.value } : { fault: answer.fault })}\n`)
    return
  }
  const path = arrival.socket(opening.data.socket)
  if (path === null) return void socket.destroy()
  splice(socket, connect({ path, allowHalfOpen: true }))
}

class TlsPeer implements Peer {
  readonly #move: Move
  readonly #endpoint: Endpoint
  readonly #dir: string
  readonly #servers: Server[] = []
  readonly #sockets = new Set<Socket>()
  #folder: string | null = null

  constructor(move: Move, endpoint: Endpoint, dir: string) {
    this.#move = move
    this.#endpoint = endpoint
    this.#dir = dir
  }

  async ask(question: string): Promise<Result<string>> {
    const socket = await this.#dial()
    if (!socket.ok) return socket
    socket.value.write(`${JSON.stringify({ ask: question })}\n`)
    const answer = Answer.safeParse(parsed(await lineOf(socket.value, answerWithin)))
    socket.value.destroy()
    if (!answer.success) return refuse('unavailable', 'the other host does not answer')
    if ('value' in answer.data) return ok(answer.data.value)
    const { message, detail } = answer.data.fault
    return refuse('precondition', message, detail === undefined ? {} : { detail })
  }

  async tunnel(name: string): Promise<Result<string>> {
    this.#folder ??= await socketFolder(this.#dir)
    const path = join(this.#folder, name)
    const server = createServer({ pauseOnConnect: true, allowHalfOpen: true }, async near => {
      this.#keep(near)
      const far = await this.#dial()
      if (!far.ok) return near.destroy()
      far.value.write(`${JSON.stringify({ socket: name })}\n`)
      splice(near, far.value)
      near.resume()
    })
    this.#servers.push(server)
    return new Promise(resolve => {
      server.once('error', error => resolve(refuse('unavailable', 'no socket can be made here', { detail: String(error) })))
      // QEMU's own user connects; nobody else finds the folder.
      server.listen({ path, readableAll: true, writableAll: true }, () => resolve(ok(path)))
    })
  }

  async close(): Promise<void> {
    for (const server of this.#servers) server.close()
    for (const socket of this.#sockets) socket.destroy()
    if (this.#folder) await rm(this.#folder, { recursive: true, force: true })
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('close', () => this.#sockets.delete(socket))
    socket.on('error', () => socket.destroy())
  }

  #dial(): Promise<Result<TLSSocket>> {
    const { address, port } = this.#endpoint
    const psk = Buffer.from(this.#move.secret, 'base64')
    return new Promise(resolve => {
      const below = connect({ host: address, port, allowHalfOpen: true })
      const socket = connectTls({
        ...tls,
        socket: below,
        pskCallback: () => ({ psk, identity: this.#move.id }),
        // The key says who it is.
        checkServerIdentity: () => undefined,
      })
      this.#keep(socket)
      below.on('error', error => socket.destroy(error))
      socket.setTimeout(openWithin, () => socket.destroy(new Error('it does not answer')))
      socket.once('secureConnect', () => {
        socket.setTimeout(0)
        below.setKeepAlive(true, 5 * second)
        below.setNoDelay(true)
        resolve(ok(socket))
      })
      socket.once('error', error =>
        resolve(refuse('unavailable', `the other host cannot be reached at ${address}`, { detail: error.message })),
      )
      socket.once('close', () => resolve(refuse('unavailable', `the other host cannot be reached at ${address}`)))
    })
  }
}

/** A folder that only whoever was told its name finds; QEMU's own user passes through it. */
async function socketFolder(dir: string): Promise<string> {
  await mkdir(dir, { recursive: true, mode: 0o711 })
  const folder = await mkdtemp(join(dir, 'leave-'))
  await chmod(folder, 0o711)
  return folder
}

/** Bytes of each go to the other, and one's end is the other's. */
function splice(a: Socket, b: Socket): void {
  for (const [from, to] of [
    [a, b],
    [b, a],
  ] as const) {
    from.on('error', () => to.destroy())
    // Its end came through the pipe already; any other close is a break.
    from.on('close', () => from.readableEnded || to.destroy())
    from.pipe(to)
  }
}

/** The first line, of at most `lineMax` bytes; what follows stays to be read. Empty where none came in time. */
function lineOf(socket: Socket, within: number): Promise<string> {
  return new Promise(resolve => {
    const parts: Buffer[] = []
    let length = 0
    const end = (line: string) => {
      clearTimeout(late)
      socket.off('readable', read)
      socket.off('close', closed)
      socket.off('end', closed)
      resolve(line)
    }
    const closed = () => end('')
    const late = setTimeout(closed, within)
    const read = () => {
      for (let chunk: Buffer | null = socket.read(); chunk !== null; chunk = socket.read()) {
        const at = chunk.indexOf(10)
        parts.push(at < 0 ? chunk : chunk.subarray(0, at))
        length += chunk.length
        if (at < 0 && length <= lineMax) continue
        if (at >= 0 && at + 1 < chunk.length) socket.unshift(chunk.subarray(at + 1))
        return end(at < 0 ? '' : Buffer.concat(parts).toString())
      }
    }
    socket.on('readable', read)
    socket.on('close', closed)
    // Half-open: whoever was killed says no more than this.
    socket.on('end', closed)
    read()
  })
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
