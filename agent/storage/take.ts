import { createWriteStream } from 'node:fs'
import { chmod, mkdtemp, rename, rm, stat } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { WantedVolume } from '@sirocco/shared/wire/objects.ts'
import type { Arrival } from '../ports/move.ts'
import type { Run } from '../programs/run.ts'
import { programFault } from './disk-image.ts'
import { fileFault, syncDirectory, syncFile } from './files.ts'
import { homeOf, layersOf } from './layers.ts'
import { lineMax, Opening, type Parcel, type Part, Question } from './parcel.ts'
import { readQcow2 } from './qcow2.ts'

export interface TakeParts {
  /** The directory that one of them lies in. */
  dirOf(volume: string): string
  readonly images: string
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
  /** What is to come; null until it is told. */
  #parcels: readonly Parcel[] | null = null
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
    return this.#outcome === 'open' && name === 'files' && this.#parcels !== null ? this.#path : null
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
    if (this.#outcome !== 'open' || this.#parcels !== null) return refuse('precondition', 'this move is over')
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
        ? this.#parcels?.find(({ id }) => id === opening.data.volume)?.parts.find(({ name }) => name === opening.data.name)
        : undefined
      if (!opening.success || !part || this.#outcome !== 'open') return void socket.destroy()
      const path = incoming(this.#parts.dirOf(opening.data.volume), opening.data.volume, part.name)
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
    const parcels = this.#parcels
    if (parcels === null) return refuse('precondition', 'nothing was sent')
    const { dirOf, volumes } = this.#parts
    try {
      for (const { id, parts } of parcels) {
        const image = imageOf(volumes.find(volume => volume.id === id))
        for (const { name, on } of parts) {
          const path = incoming(dirOf(id), id, name)
          if (!this.#kept.has(path)) return refuse('precondition', 'not all was sent', { detail: name })
          const based = await this.#rebase(path, id, on, image?.format ?? 'raw')
          if (!based.ok) return based
          await chmod(path, 0o600)
          await syncFile(path)
        }
      }
      for (const { id, parts, turn } of parcels) {
        const { home, numbers, turns } = await layersOf(dirOf(id), id)
        for (const n of numbers) await rm(join(home, `${n}.qcow2`), { force: true })
        for (const known of turns.keys()) if (known !== turn) await rm(join(home, `${known}.turn`), { force: true })
        for (const { name } of parts) await rename(incoming(dirOf(id), id, name), join(home, name))
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
    const { dirOf, images, run } = this.#parts
    const to =
      on === null
        ? ['-b', '']
        : 'file' in on
          ? ['-F', 'qcow2', '-b', join(homeOf(dirOf(id), id), on.file)]
          : ['-F', format, '-b', join(images, on.image)]
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
    for (const { id, parts } of this.#parcels ?? [])
      for (const { name } of parts) await rm(incoming(this.#parts.dirOf(id), id, name), { force: true })
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
