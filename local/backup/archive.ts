import { createReadStream, createWriteStream, mkdirSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import { z } from 'zod'
import { KiB, MiB } from '../../shared/kit/units.ts'
import { Stop } from '../stop.ts'
import { Chunks } from './chunks.ts'
import { opened, sealed } from './sealed.ts'

/** What the archive says of itself, first. */
export const Manifest = z.object({
  format: z.literal(1),
  /** Of the data: how many migrations it has seen. */
  version: z.int().positive(),
  madeAt: z.int(),
  instance: z.string(),
  blobs: z.boolean(),
})
export type Manifest = z.infer<typeof Manifest>

/** A file and its name in the archive. */
export interface Packed {
  readonly name: string
  readonly path: string
}

/** Names of files of an instance, and nothing that leads out of its folder. */
const Head = z.object({
  name: z.string().regex(/^(?!\.)[A-Za-z0-9._-]+(?:\/(?!\.)[A-Za-z0-9._-]+){0,4}$/),
  bytes: z.int().nonnegative(),
})
const headMax = 1 * KiB
const step = 1 * MiB

const block = (value: unknown): Buffer => {
  const text = Buffer.from(JSON.stringify(value))
  const length = Buffer.alloc(4)
  length.writeUInt32BE(text.length)
  return Buffer.concat([length, text])
}

/** Writes a new file, for its owner alone, all of it on disk when this ends. */
export async function pack(file: string, secret: string, manifest: Manifest, files: readonly Packed[]): Promise<void> {
  const out = createWriteStream(file, { flags: 'wx', mode: 0o600, flush: true })
  await pipeline(Readable.from(plainOf(manifest, files)), createGzip({ level: 3 }), source => sealed(source, secret), out)
}

async function* plainOf(manifest: Manifest, files: readonly Packed[]): AsyncGenerator<Buffer> {
  yield block(manifest)
  for (const { name, path } of files) {
    const handle = await open(path, 'r').catch(gone)
    // An image that was deleted meanwhile.
    if (handle === null) continue
    const { size } = await handle.stat()
    yield block({ name, bytes: size })
    let left = size
    for await (const bytes of handle.createReadStream({ highWaterMark: step, end: Math.max(0, size - 1) })) {
      if (!Buffer.isBuffer(bytes) || size === 0) continue
      left -= bytes.length
      yield bytes
    }
    if (left !== 0) throw new Stop(`${path} became shorter while it was read: try again.`)
  }
}

function gone(reason: unknown): null {
  if (reason instanceof Error && 'code' in reason && reason.code === 'ENOENT') return null
  throw reason
}

/** Lays the files out in a folder, which is nobody else's; what is torn or changed stops it. `wanted` sees the manifest before anything is written. */
export async function unpack(
  file: string,
  secret: string,
  folder: string,
  wanted: (manifest: Manifest) => void,
): Promise<Manifest> {
  const source = createReadStream(file, { highWaterMark: step })
  let manifest: Manifest | undefined
  await pipeline(
    source,
    bytes => opened(bytes, secret, file),
    createGunzip(),
    async plain => {
      const chunks = new Chunks(plain)
      manifest = Manifest.parse(await blockOf(chunks))
      wanted(manifest)
      while (!(await chunks.atEnd())) await laidOut(chunks, folder)
    },
  )
  if (!manifest) throw new Error('impossible: a pipeline that ended without its last part')
  return manifest
}

async function blockOf(chunks: Chunks): Promise<unknown> {
  const length = (await chunks.upTo(4)).readUInt32BE()
  if (length > headMax) throw new Stop('The backup is of another form than this Sirocco makes.')
  return JSON.parse((await chunks.upTo(length)).toString('utf8'))
}

async function laidOut(chunks: Chunks, folder: string): Promise<void> {
  const { name, bytes } = Head.parse(await blockOf(chunks))
  const path = join(folder, name)
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const handle = await open(path, 'wx', 0o600)
  try {
    for (let left = bytes; left > 0; ) {
      const part = await chunks.upTo(Math.min(left, step))
      if (part.length === 0) throw new Stop('The backup ends within a file.')
      await handle.write(part)
      left -= part.length
    }
    await handle.sync()
  } finally {
    await handle.close()
  }
}
