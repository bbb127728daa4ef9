import { createHash } from 'node:crypto'
import { type FileHandle, mkdir, open, readdir, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { ok, type Refused, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { GiB } from '@sirocco/shared/kit/units.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import type { ImportResult, ImportSource, WantedImport, WireChecksum } from '@sirocco/shared/wire/imports.ts'
import { type Egress, fetchPublic } from '../egress/fetch.ts'
import type { Blobs } from '../ports/blobs.ts'
import type { Importer } from '../ports/importer.ts'
import type { FrozenDisk } from '../ports/volumes.ts'
import type { RunConfined } from '../programs/sandbox.ts'
import { makeDirectory } from '../storage/files.ts'
import { type Digest, digestIn } from './checksums.ts'
import { convert, flatten } from './convert.ts'
import { headBytes, tellFormat } from './header.ts'

export interface ImporterParts {
  /** Where it works: one folder an import. */
  readonly dir: string
  readonly egress: Egress
  readonly run: RunConfined
  readonly blobs: Blobs
}

/** What comes from elsewhere. */
type Brought = Exclude<ImportSource, { kind: 'snapshot' }>

const shape = /^[A-Za-z0-9_-]{1,64}$/
/** Kept free on the host's storage whatever is fetched. */
const spare = 1 * GiB
/** Connections in a row that brought no byte, after which a fetch gives up; whoever wanted it tries again later. */
const barrenTries = 3

/** Makes images on a Linux host, with qemu-img. */
export const linuxImporter = (parts: ImporterParts): Importer => ({
  async make(wanted, told, signal, frozen) {
    if (!shape.test(wanted.id)) return refuse('invalid', 'not an image id')
    const folder = join(parts.dir, wanted.id)
    await rm(folder, { recursive: true, force: true })
    await makeDirectory(parts.dir)
    await mkdir(folder, { mode: 0o711 })
    try {
      if (frozen) return await captured(parts, folder, wanted, frozen, told, signal)
      if (wanted.source.kind === 'snapshot') throw new Error('impossible: a snapshot to read, and nothing of it')
      return await made(parts, folder, { ...wanted, source: wanted.source }, told, signal)
    } catch (error) {
      if (signal.aborted) return refuse('unavailable', 'it was ended')
      return diskFault(error)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  },
  async keepOnly(ids) {
    const names = await readdir(parts.dir).catch(() => [])
    await Promise.all(
      names.filter(name => !ids.includes(name)).map(name => rm(join(parts.dir, name), { recursive: true, force: true })),
    )
  },
})

/** Of what a volume held at one moment. */
async function captured(
  { run, blobs }: ImporterParts,
  folder: string,
  { maxVirtualBytes }: WantedImport,
  frozen: FrozenDisk,
  told: (progress: string) => void,
  signal: AbortSignal,
): Promise<Result<ImportResult>> {
  told('converting 0 %')
  const flat = await flatten({ folder, maxVirtualBytes, run, signal, told: percent => told(`converting ${percent} %`) }, frozen)
  if (signal.aborted) return refuse('unavailable', 'it was ended')
  if (!flat.ok) return flat
  const put = await blobs.put(flat.value.path, percent => told(`storing ${percent} %`), signal)
  if (!put.ok) return put
  const { sha256, bytes } = put.value
  return ok({
    sha256,
    bytes,
    virtualBytes: flat.value.virtualBytes,
    format: frozen.format,
    sourceBytes: bytes,
    sourceSha256: sha256,
  })
}

async function made(
  { egress, run, blobs }: ImporterParts,
  folder: string,
  {
    id,
    source,
    maxBytes,
    maxVirtualBytes,
  }: Pick<WantedImport, 'id' | 'maxBytes' | 'maxVirtualBytes'> & { readonly source: Brought },
  told: (progress: string) => void,
  ended: AbortSignal,
): Promise<Result<ImportResult>> {
  const signal = AbortSignal.any([ended, AbortSignal.timeout(limits.imageFetch)])
  const digest = await promised(egress, source, signal)
  if (!digest.ok) return digest
  const free = await statfs(folder)
  const room = Math.max(0, free.bavail * free.bsize - spare)
  const path = join(folder, 'source')
  const bytes =
    source.kind === 'url'
      ? fromAddress(egress, source.url, maxBytes, signal, (at, all) =>
          told(all ? `fetching ${Math.floor((100 * at) / all)} %` : 'fetching'),
        )
      : fromParts(blobs, id, source, at => told(`fetching ${Math.floor((100 * at) / source.bytes)} %`))
  const kept = await keep(path, bytes, { most: maxBytes, room }, digest.value)
  if (!kept.ok) return kept

  const format = tellFormat(kept.value)
  if (!format.ok) return format
  if ((format.value.virtualBytes ?? 0) > maxVirtualBytes)
    return refuse('invalid', `the image is a disk of more than ${maxVirtualBytes / GiB} GiB`)
  told('converting 0 %')
  const converted = await convert({
    folder,
    source: path,
    format: format.value.format,
    maxVirtualBytes,
    run,
    signal: ended,
    told: percent => told(`converting ${percent} %`),
  })
  if (!converted.ok) return converted
  await rm(path, { force: true })
  const put = await blobs.put(converted.value.path, percent => told(`storing ${percent} %`), ended)
  if (!put.ok) return put
  return ok({
    ...put.value,
    virtualBytes: converted.value.virtualBytes,
    format: format.value.format,
    sourceBytes: kept.value.size,
    sourceSha256: kept.value.sha256,
  })
}

/** What the bytes must come to, where somebody said so. */
async function promised(egress: Egress, source: Brought, signal: AbortSignal): Promise<Result<Digest | null>> {
  const checksum: WireChecksum | null = source.checksum
  if (checksum?.by !== 'file') return ok(checksum)
  const answer = await fetchPublic(egress, checksum.url, { signal })
  if (!answer.ok) return answer
  const parts: Buffer[] = []
  let size = 0
  for await (const part of answer.value) {
    const chunk = Buffer.from(part)
    size += chunk.length
    if (size > limits.checksumFile) {
      answer.value.destroy()
      return refuse('invalid', 'the file of checksums is too long to be one')
    }
    parts.push(chunk)
  }
  const name = source.kind === 'url' ? decodeURIComponent(new URL(source.url).pathname.replace(/^.*\//, '')) : ''
  const found = digestIn(Buffer.concat(parts).toString('utf8'), name)
  return found ? ok(found) : refuse('invalid', `the file of checksums says nothing of ${name}`)
}

type Bytes = AsyncIterable<Result<Uint8Array>>

/** The bytes at an address, gone on with by range where a connection broke. */
async function* fromAddress(
  egress: Egress,
  url: string,
  most: number,
  signal: AbortSignal,
  told: (at: number, all: number | null) => void,
): Bytes {
  let at = 0
  let all: number | null = null
  let etag: string | undefined
  for (let barren = 0; barren < barrenTries; barren++) {
    const answer = await fetchPublic(egress, url, { from: at, etag, signal })
    if (!answer.ok) {
      if (answer.fault.code !== 'unavailable' || barren + 1 >= barrenTries) return yield answer
      continue
    }
    const { statusCode, headers } = answer.value
    if (at > 0 && statusCode !== 206) {
      answer.value.destroy()
      return yield refuse('unavailable', 'the connection broke, and its server cannot go on where it stopped')
    }
    if (at === 0) {
      const length = Number(headers['content-length'])
      all = Number.isSafeInteger(length) && length > 0 ? length : null
      etag = typeof headers.etag === 'string' && !headers.etag.startsWith('W/') ? headers.etag : undefined
      if (all !== null && all > most) {
        answer.value.destroy()
        return yield tooLarge(most)
      }
    }
    try {
      for await (const part of answer.value) {
        const chunk = Buffer.from(part)
        if (chunk.length > 0) barren = -1
        at += chunk.length
        told(at, all)
        yield ok(chunk)
      }
      if (all === null || at >= all) return
    } catch {
      if (signal.aborted) return yield refuse('unavailable', 'it was ended')
    }
  }
  yield refuse('unavailable', 'the connection breaks again and again')
}

async function* fromParts(
  blobs: Blobs,
  image: string,
  { bytes, partBytes }: Extract<ImportSource, { kind: 'upload' }>,
  told: (at: number) => void,
): Bytes {
  let at = 0
  for (let n = 1; n <= Math.ceil(bytes / partBytes); n++) {
    const part = await blobs.uploaded(image, n)
    if (!part.ok) return yield part
    let size = 0
    for await (const chunk of part.value) {
      size += chunk.byteLength
      at += chunk.byteLength
      told(at)
      yield ok(chunk)
    }
    if (size !== Math.min(partBytes, bytes - (n - 1) * partBytes))
      return yield refuse('unavailable', `part ${n} of the upload broke off`)
  }
}

const tooLarge = (most: number) => refuse('invalid', `an image has at most ${most / GiB} GiB`)

interface Kept {
  readonly head: Buffer
  readonly tail: Buffer
  readonly size: number
  readonly sha256: string
}

/** Writes the bytes while they are few enough, and tells what they came to. */
async function keep(
  path: string,
  bytes: Bytes,
  { most, room }: { most: number; room: number },
  digest: Digest | null,
): Promise<Result<Kept>> {
  const file = await open(path, 'wx+', 0o600)
  try {
    const sha256 = createHash('sha256')
    const sha512 = digest?.by === 'sha512' ? createHash('sha512') : null
    let size = 0
    for await (const part of bytes) {
      if (!part.ok) return part
      size += part.value.byteLength
      if (size > most) return tooLarge(most)
      if (size > room)
        return refuse('capacity', "the converting host's storage is full; try again later, or ask an administrator")
      sha256.update(part.value)
      sha512?.update(part.value)
      await file.writeFile(part.value)
    }
    const hex = sha256.digest('hex')
    if (digest && (sha512 ? sha512.digest('hex') : hex) !== digest.hex)
      return refuse(
        'invalid',
        'the bytes are not what their checksum promises: the file was changed, or the checksum is of another',
      )
    return ok({
      head: await read(file, 0, Math.min(headBytes, size)),
      tail: await read(file, Math.max(0, size - 512), Math.min(512, size)),
      size,
      sha256: hex,
    })
  } finally {
    await file.close()
  }
}

/** Filled up with zeroes, so that every header's fields are there to read. */
async function read(file: FileHandle, at: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(at === 0 ? headBytes : 512)
  await file.read(bytes, 0, length, at)
  return bytes
}

function diskFault(error: unknown): Refused {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return code === 'ENOSPC' || code === 'EDQUOT'
    ? refuse('capacity', "the converting host's storage is full; try again later, or ask an administrator", { detail })
    : refuse('unavailable', 'something unexpected happened on the converting host', { detail })
}
