import { createHash } from 'node:crypto'
import { chmod, open, rm } from 'node:fs/promises'
import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Run } from '../programs/run.ts'
import { settle } from '../storage/files.ts'
import { chunkBytes, type Manifest } from './manifest.ts'

export interface RestoreOptions {
  readonly run: Run
  readonly manifest: Manifest
  /** Where the volume's first file comes to lie, whole or not at all. */
  readonly path: string
  /** A pack by its SHA-256, of those that the manifest names. */
  readonly get: (sha256: string) => Promise<Result<Buffer>>
}

/** Makes a qcow2 file of what a backup holds. Packs and chunks that are not what their hashes promise are refused, and nothing is left. */
export async function restoreBackup({ run, manifest, path, get }: RestoreOptions): Promise<Result<void>> {
  const raw = `${path}.raw`
  const making = `${path}.making`
  try {
    for (const left of [raw, making]) await rm(left, { force: true })
    const filled = await fill(raw, manifest, get)
    if (!filled.ok) return filled
    await (await open(making, 'wx', 0o600)).close()
    const ran = await run('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', raw, making])
    if (ran.code !== 0) return refuse('internal', 'the volume cannot be made', { detail: ran.stderr })
    await chmod(making, 0o600)
    await settle(making, path)
    return ok(undefined)
  } finally {
    for (const left of [raw, making]) await rm(left, { force: true })
  }
}

async function fill(path: string, { sizeBytes, packs, chunks }: Manifest, get: RestoreOptions['get']): Promise<Result<void>> {
  const byPack = Map.groupBy(chunks, ([, pack]) => pack)
  const file = await open(path, 'wx', 0o600)
  try {
    await file.truncate(sizeBytes)
    for (const [number, name] of packs.entries()) {
      const pack = await get(name)
      if (!pack.ok) return pack
      if (createHash('sha256').update(pack.value).digest('hex') !== name)
        return refuse('invalid', 'a pack of the backup is not what was kept', { detail: name })
      for (const [place, , slot, hash] of byPack.get(number) ?? []) {
        const bytes = pack.value.subarray(slot * chunkBytes, (slot + 1) * chunkBytes)
        if (createHash('sha256').update(bytes).digest('base64') !== hash)
          return refuse('invalid', 'a chunk of the backup is not what was kept', { detail: `${name} ${slot}` })
        await file.write(bytes, 0, bytes.length, place * chunkBytes)
      }
    }
    return ok(undefined)
  } finally {
    await file.close()
  }
}
