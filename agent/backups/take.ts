import { createHash } from 'node:crypto'
import { open, rm } from 'node:fs/promises'
import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Run } from '../programs/run.ts'
import { chunkBytes, type Manifest, packChunks } from './manifest.ts'

export interface TakeOptions {
  readonly run: Run
  /** The qcow2 file that a snapshot froze: nobody writes to it. */
  readonly frozen: string
  /** Of this backup alone; holds the volume's bytes meanwhile, sparse. */
  readonly scratch: string
  /** The volume's backup before; null for a full one. Never another volume's: nobody learns what others keep. */
  readonly before: Manifest | null
  /** Keeps a pack by its SHA-256; one that is there already is kept as it is. */
  readonly put: (sha256: string, bytes: Buffer) => Promise<Result<void>>
}

/**
 * Sends what the volume's backup before does not have, in packs, and answers the manifest. Whoever keeps that does so last: cut short anywhere, the
 * next try makes the same packs, and until then no manifest names what was sent.
 */
export async function takeBackup({ run, frozen, scratch, before, put }: TakeOptions): Promise<Result<Manifest>> {
  await rm(scratch, { force: true })
  // The file is there, and root's alone, before the guest's bytes come to it.
  await (await open(scratch, 'wx', 0o600)).close()
  try {
    const ran = await run('qemu-img', ['convert', '-f', 'qcow2', '-O', 'raw', frozen, scratch])
    if (ran.code !== 0) return refuse('internal', 'the snapshot cannot be read', { detail: ran.stderr })
    return await sendChunks(scratch, before, put)
  } finally {
    await rm(scratch, { force: true })
  }
}

async function sendChunks(path: string, before: Manifest | null, put: TakeOptions['put']): Promise<Result<Manifest>> {
  const known = new Map<string, { readonly pack: string; readonly slot: number }>()
  for (const [, pack, slot, hash] of before?.chunks ?? []) {
    const name = before?.packs[pack]
    if (name !== undefined) known.set(hash, { pack: name, slot })
  }
  const packs: string[] = []
  const numbers = new Map<string, number>()
  const numberOf = (pack: string) => {
    const number = numbers.get(pack) ?? packs.push(pack) - 1
    numbers.set(pack, number)
    return number
  }
  const chunks: Manifest['chunks'] = []
  const filling = new Map<string, { readonly bytes: Buffer; readonly places: number[] }>()

  const send = async (): Promise<Result<void>> => {
    if (filling.size === 0) return ok(undefined)
    const bytes = Buffer.concat([...filling.values()].map(each => each.bytes))
    const pack = createHash('sha256').update(bytes).digest('hex')
    const sent = await put(pack, bytes)
    if (!sent.ok) return sent
    let slot = 0
    for (const [hash, { places }] of filling) {
      known.set(hash, { pack, slot })
      for (const place of places) chunks.push([place, numberOf(pack), slot, hash])
      slot += 1
    }
    filling.clear()
    return ok(undefined)
  }

  const file = await open(path, 'r')
  try {
    const { size } = await file.stat()
    if (size % chunkBytes !== 0) return refuse('invalid', 'the size of the volume is not a whole number of chunks')
    const zero = Buffer.alloc(chunkBytes)
    for (let place = 0; place < size / chunkBytes; place += 1) {
      const bytes = Buffer.alloc(chunkBytes)
      const { bytesRead } = await file.read(bytes, 0, chunkBytes, place * chunkBytes)
      if (bytesRead !== chunkBytes) return refuse('internal', 'the volume ended before its size')
      if (bytes.equals(zero)) continue
      const hash = createHash('sha256').update(bytes).digest('base64')
      const there = known.get(hash)
      const waiting = filling.get(hash)
      if (there) chunks.push([place, numberOf(there.pack), there.slot, hash])
      else if (waiting) waiting.places.push(place)
      else filling.set(hash, { bytes, places: [place] })
      if (filling.size < packChunks) continue
      const sent = await send()
      if (!sent.ok) return sent
    }
    const sent = await send()
    if (!sent.ok) return sent
    return ok({ format: 1, sizeBytes: size, packs, chunks: chunks.sort((a, b) => a[0] - b[0]) })
  } finally {
    await file.close()
  }
}
