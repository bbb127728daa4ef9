import { createReadStream, createWriteStream } from 'node:fs'
import { chmod, mkdtemp, rename, rm, stat } from 'node:fs/promises'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { second } from '@sirocco/shared/kit/clock.ts'
import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { WantedVolume } from '@sirocco/shared/wire/objects.ts'
import { z } from 'zod'
import type { Arrival, Departure, Peer } from '../ports/move.ts'
import type { Run } from '../programs/run.ts'
import { programFault } from './disk-image.ts'
import { fileFault, syncDirectory, syncFile } from './files.ts'
import { homeOf, idShape, layersOf } from './layers.ts'
import { readQcow2 } from './qcow2.ts'

/** How often the other host is asked again what became of it, and how many times. */
const askAgain = { every: 1 * second, times: 60 } as const
/** Of one opening line. */
const lineMax = 1_024
/** Files of one volume. */
const filesMax = 256

const FileName = z.string().regex(/^\d{1,6}\.qcow2$/)
/** One file of a volume; `on`: the file of the same volume, or the image by content, that it stands on. */
const Part = z.strictObject({
  name: FileName,
  bytes: z.int().positive(),
  on: z.union([z.strictObject({ file: FileName }), z.strictObject({ image: z.string().regex(/^[0-9a-f]{64}$/) })]).nullable(),
})
type Part = z.output<typeof Part>
const Parcel = z.strictObject({
  id: z.string().regex(idShape),
  turn: z.int().nonnegative(),
  parts: z.array(Part).min(1).max(filesMax),
})
export type Parcel = z.output<typeof Parcel>
const Question = z.discriminatedUnion('ask', [
  z.strictObject({ ask: z.literal('prepare'), parcels: z.array(Parcel).max(filesMax) }),
  z.strictObject({ ask: z.literal('finish') }),
  z.strictObject({ ask: z.literal('outcome') }),
])
type Question = z.output<typeof Question>
const Opening = z.strictObject({ volume: z.string(), name: FileName })

const stayed = (result: Result<unknown>): Departure => ({
  kind: 'stayed',
  fault: result.ok ? { code: 'internal', message: 'impossible' } : result.fault,
})

/** What a volume that no guest has open is spread over, the bottom first; `below`: those files, as they stand. */
export async function parcelOf(dir: string, id: string, below: readonly string[], turn: number): Promise<Result<Parcel>> {
  const home = homeOf(dir, id)
  const parts: Part[] = []
  for (const path of below) {
    if (dirname(path) === join(dir, 'images')) continue
    if (dirname(path) !== home)
      return refuse('precondition', 'it stands on a snapshot of another volume: start the machine, and move it while it runs', {
        detail: path,
      })
    const backing = (await readQcow2(path))?.backing ?? null
    const image = backing !== null && dirname(backing) === join(dir, 'images')
    parts.unshift({
      name: basename(path),
      bytes: (await stat(path)).size,
      on: backing === null ? null : image ? { image: basename(backing) } : { file: basename(backing) },
    })
  }
  return ok({ id, turn, parts })
}

export interface SendOptions {
  progress(percent: number): void
  readonly cancel: AbortSignal
  pause(ms: number): Promise<void>
}

/** Sends them; only the question `finish` has them wanted there, and until it is answered nobody here knows where. */
export async function sendParcels(dir: string, parcels: readonly Parcel[], peer: Peer, how: SendOptions): Promise<Departure> {
  const ask = (question: Question) => peer.ask(JSON.stringify(question))
  const prepared = await ask({ ask: 'prepare', parcels: [...parcels] })
  if (!prepared.ok) return stayed(prepared)
  const tunnel = await peer.tunnel('files')
  if (!tunnel.ok) return stayed(tunnel)
  const all = parcels.flatMap(({ id, parts }) => parts.map(part => ({ ...part, volume: id })))
  const total = all.reduce((sum, { bytes }) => sum + bytes, 0)
  let sent = 0
  for (const { volume, name, bytes } of all) {
    if (how.cancel.aborted) return stayed(refuse('conflict', 'the move was called off'))
    const went = await sendFile(tunnel.value, join(homeOf(dir, volume), name), { volume, name }, how.cancel, chunk => {
      how.progress(Math.min(99, Math.floor((100 * (sent + chunk)) / total)))
    })
    if (!went.ok) return stayed(how.cancel.aborted ? refuse('conflict', 'the move was called off') : went)
    sent += bytes
  }
  let outcome = await ask({ ask: 'finish' })
  for (let times = 0; !outcome.ok && outcome.fault.code === 'unavailable' && times < askAgain.times; times++) {
    await how.pause(askAgain.every)
    outcome = await ask({ ask: 'outcome' })
  }
  if (!outcome.ok) return outcome.fault.code === 'unavailable' ? { kind: 'unknown', fault: outcome.fault } : stayed(outcome)
  return outcome.value === 'here' ? { kind: 'left' } : stayed(refuse('internal', 'the other host did not take its volumes in'))
}

/** One file to whoever answers at `socket`; done once that says that it is on disk there. */
async function sendFile(
  socket: string,
  path: string,
  opening: z.output<typeof Opening>,
  cancel: AbortSignal,
  moved: (bytes: number) => void,
): Promise<Result<void>> {
  const near = connect({ path: socket, allowHalfOpen: true })
  const answer = new Promise<string>(resolve => {
    let said = ''
    near.on('data', bytes => {
      said = (said + bytes).slice(0, lineMax)
    })
    near.once('close', () => resolve(said))
    near.once('end', () => resolve(said))
  })
  try {
    near.write(`${JSON.stringify(opening)}\n`)
    let bytes = 0
    const file = createReadStream(path)
    file.on('data', chunk => {
      bytes += chunk.length
      moved(bytes)
    })
    await pipeline(file, near, { signal: cancel })
    return (await answer) === 'kept\n' ? ok(undefined) : refuse('unavailable', 'the other host did not keep what was sent')
  } catch (error) {
    return refuse('unavailable', 'the volumes could not be sent', { detail: String(error) })
  } finally {
    near.destroy()
  }
}

export interface TakeParts {
  readonly dir: string
  readonly run: Run
  readonly volumes: readonly WantedVolume[]
  /** While nothing else is done to these files. */
  alone(run: () => Promise<Result<void>>): Promise<Result<void>>
}

/** Waits for volumes as another host has them; those of the same name here are made, and hold what is in them until `finish`. */
export async function takeParcels(parts: TakeParts): Promise<Result<Arrival>> {
  const folder = await mkdtemp(join(tmpdir(), 'sirocco-take-'))
  const path = join(folder, 'files')
  const taking = new Taking(parts, path)
  return new Promise(resolve => {
    const server: Server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, socket => void taking.take(socket))
    server.once('error', async error => {
      await rm(folder, { recursive: true, force: true })
      resolve(refuse('unavailable', 'no socket can be made here', { detail: String(error) }))
    })
    server.listen({ path }, () => {
      taking.ends = async () => {
        server.close()
        await rm(folder, { recursive: true, force: true })
      }
      resolve(ok(taking))
    })
  })
}

class Taking implements Arrival {
  readonly #parts: TakeParts
  readonly #path: string
  #parcels: readonly Parcel[] = []
  #outcome: 'open' | 'here' | 'nothing' = 'open'
  readonly #kept = new Set<string>()
  /** One question after the other: none is answered while another is. */
  #turn: Promise<unknown> = Promise.resolve()
  readonly #under = new Set<Socket>()
  ends: () => Promise<void> = async () => {}

  constructor(parts: TakeParts, path: string) {
    this.#parts = parts
    this.#path = path
  }

  get came(): boolean {
    return this.#outcome === 'here'
  }
  socket(name: string): string | null {
    return this.#outcome === 'open' && name === 'files' && this.#parcels.length > 0 ? this.#path : null
  }

  answer(text: string): Promise<Result<string>> {
    return this.#inTurn(() => this.#answer(text))
  }
  async #answer(text: string): Promise<Result<string>> {
    const question = Question.safeParse(JSON.parse(text))
    if (!question.success) return refuse('invalid', 'no question of a move')
    if (question.data.ask === 'prepare') return this.#prepare(question.data.parcels)
    if (question.data.ask === 'finish') {
      const put = await this.#parts.alone(() => this.#put())
      if (!put.ok) {
        await this.#give()
        return put
      }
    } else await this.#give()
    return ok(this.#outcome)
  }

  close(): Promise<Result<'arrived' | 'nothing'>> {
    return this.#inTurn(async () => {
      await this.#give()
      await this.ends()
      return ok(this.#outcome === 'here' ? 'arrived' : 'nothing')
    })
  }
  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(run)
    this.#turn = mine.catch(() => undefined)
    return mine
  }

  /** Only what is wanted here, on what is here. */
  #prepare(parcels: readonly Parcel[]): Result<string> {
    if (this.#outcome !== 'open' || this.#parcels.length > 0) return refuse('precondition', 'this move is over')
    const wanted = new Map(this.#parts.volumes.map(volume => [volume.id, volume]))
    if (parcels.length !== wanted.size) return refuse('precondition', 'these are not the volumes of the machine')
    for (const { id, parts } of parcels) {
      const volume = wanted.get(id)
      if (!volume) return refuse('precondition', 'these are not the volumes of the machine', { detail: id })
      const names = new Set(parts.map(({ name }) => name))
      const image = imageOf(volume)?.sha256
      for (const { on } of parts)
        if (on && ('file' in on ? !names.has(on.file) : on.image !== image))
          return refuse('precondition', 'a volume stands on what is not on this host', { detail: id })
    }
    this.#parcels = parcels
    return ok('')
  }

  /** One file of them. */
  async take(socket: Socket): Promise<void> {
    this.#under.add(socket)
    socket.on('error', () => socket.destroy())
    socket.once('close', () => this.#under.delete(socket))
    try {
      const opening = Opening.safeParse(JSON.parse(await openingOf(socket)))
      const part = opening.success
        ? this.#parcels.find(({ id }) => id === opening.data.volume)?.parts.find(({ name }) => name === opening.data.name)
        : undefined
      if (!opening.success || !part || this.#outcome !== 'open') return void socket.destroy()
      const path = incoming(this.#parts.dir, opening.data.volume, part.name)
      await rm(path, { force: true })
      await pipeline(limited(socket, part.bytes), createWriteStream(path, { flags: 'wx', mode: 0o600 }))
      if ((await stat(path)).size !== part.bytes) return void socket.destroy()
      await syncFile(path)
      this.#kept.add(path)
      socket.end('kept\n')
    } catch {
      socket.destroy()
    }
  }

  /** All of them take the place of what was made, the bottom first. */
  async #put(): Promise<Result<void>> {
    if (this.#outcome !== 'open') return ok(undefined)
    if (this.#parcels.length === 0) return refuse('precondition', 'nothing was sent')
    const { dir, volumes } = this.#parts
    try {
      for (const { id, parts } of this.#parcels) {
        const image = imageOf(volumes.find(volume => volume.id === id))
        for (const { name, on } of parts) {
          const path = incoming(dir, id, name)
          if (!this.#kept.has(path)) return refuse('precondition', 'not all was sent', { detail: name })
          const based = await this.#rebase(path, id, on, image?.format ?? 'raw')
          if (!based.ok) return based
          await chmod(path, 0o600)
          await syncFile(path)
        }
      }
      for (const { id, parts, turn } of this.#parcels) {
        const { home, numbers, turns } = await layersOf(dir, id)
        for (const n of numbers) await rm(join(home, `${n}.qcow2`), { force: true })
        for (const known of turns.keys()) if (known !== turn) await rm(join(home, `${known}.turn`), { force: true })
        for (const { name } of parts) await rename(incoming(dir, id, name), join(home, name))
        await syncDirectory(home)
      }
    } catch (error) {
      return fileFault(error)
    }
    this.#outcome = 'here'
    return ok(undefined)
  }

  /** Only what the file says of what is below it; not a byte of the disk. */
  async #rebase(path: string, id: string, on: Part['on'], format: 'qcow2' | 'raw'): Promise<Result<void>> {
    const { dir, run } = this.#parts
    const to =
      on === null
        ? ['-b', '']
        : 'file' in on
          ? ['-F', 'qcow2', '-b', join(homeOf(dir, id), on.file)]
          : ['-F', format, '-b', join(dir, 'images', on.image)]
    const ran = await run('qemu-img', ['rebase', '-q', '-u', '-f', 'qcow2', ...to, path])
    if (ran.code !== 0) return programFault('taking the disk in', ran)
    const backing = (await readQcow2(path))?.backing
    return (backing ?? '') === to.at(-1) ? ok(undefined) : refuse('internal', 'a file that came is no volume of ours')
  }

  /** What did not come whole goes. */
  async #give(): Promise<void> {
    if (this.#outcome !== 'open') return
    this.#outcome = 'nothing'
    for (const socket of this.#under) socket.destroy()
    for (const { id, parts } of this.#parcels)
      for (const { name } of parts) await rm(incoming(this.#parts.dir, id, name), { force: true })
  }
}

const incoming = (dir: string, volume: string, name: string): string => join(homeOf(dir, volume), `${name}.incoming`)

const imageOf = (volume: WantedVolume | undefined) =>
  volume?.source.from === 'image' ? volume.source.files.find(({ role }) => role === 'disk') : undefined

/** No more than was promised. */
async function* limited(socket: Socket, most: number): AsyncGenerator<Buffer> {
  let bytes = 0
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > most) throw new Error('more than was promised')
    yield chunk
  }
}

/** The first line; what follows stays to be read. */
function openingOf(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let line = Buffer.alloc(0)
    const read = () => {
      for (let chunk: Buffer | null = socket.read(); chunk !== null; chunk = socket.read()) {
        const at = chunk.indexOf(10)
        line = Buffer.concat([line, at < 0 ? chunk : chunk.subarray(0, at)])
        if (line.length > lineMax) return end(() => reject(new Error('no opening')))
        if (at < 0) continue
        if (at + 1 < chunk.length) socket.unshift(chunk.subarray(at + 1))
        return end(() => resolve(line.toString()))
      }
    }
    const closed = () => end(() => reject(new Error('closed')))
    const end = (then: () => void) => {
      socket.off('readable', read)
      socket.off('close', closed)
      then()
    }
    socket.on('readable', read)
    socket.once('close', closed)
    read()
  })
}
