import { spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdtemp, open, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { GiB, MiB } from '@sirocco/shared/kit/units.ts'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { run } from '../programs/run.ts'
import { chunkBytes, type Manifest, packsToReclaim, parseManifest } from './manifest.ts'
import { restoreBackup } from './restore.ts'
import { takeBackup } from './take.ts'

const missing = ['qemu-img', 'qemu-io'].filter(program => spawnSync(program, ['--version']).error !== undefined)

let dir = ''
let kept: Map<string, Buffer>
let sent = 0
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'backup-'))
  kept = new Map()
  sent = 0
})
afterEach(() => rm(dir, { recursive: true, force: true }))

function granted<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.fault.code}: ${result.fault.message} ${result.fault.detail ?? ''}`)
  return result.value
}
const put = (sha256: string, bytes: Buffer) => {
  sent += bytes.length
  kept.set(sha256, bytes)
  return Promise.resolve(ok(undefined))
}
const get = (sha256: string): Promise<Result<Buffer>> => {
  const bytes = kept.get(sha256)
  return Promise.resolve(bytes ? ok(bytes) : refuse('not_found', 'no such pack'))
}
const at = (name: string) => join(dir, name)
const qemu = async (program: string, ...args: string[]) => {
  const ran = await run(program, args)
  expect(ran.code, ran.stderr).toBe(0)
}
/** A 1 GiB volume whose beginning holds random bytes. */
async function make(mib: number): Promise<void> {
  const raw = await open(at('first.raw'), 'w')
  for (let i = 0; i < mib; i += 1) await raw.write(randomBytes(MiB))
  await raw.truncate(GiB)
  await raw.close()
  await qemu('qemu-img', 'convert', '-f', 'raw', '-O', 'qcow2', at('first.raw'), at('0.qcow2'))
  await rm(at('first.raw'))
}
/** What a guest does that goes on above a snapshot: changes clusters of bytes of its own. */
async function change(places: readonly number[]): Promise<void> {
  await qemu('qemu-img', 'create', '-q', '-f', 'qcow2', '-b', at('0.qcow2'), '-F', 'qcow2', at('1.qcow2'))
  const writes = places.flatMap((place, i) => [
    `write -P ${(i % 255) + 1} ${place * chunkBytes} 1k`,
    `write -P ${Math.floor(i / 255) + 1} ${place * chunkBytes + 1024} 1k`,
  ])
  await qemu('qemu-io', '-f', 'qcow2', ...writes.flatMap(each => ['-c', each]), at('1.qcow2'))
}
async function contentOf(path: string): Promise<string> {
  await qemu('qemu-img', 'convert', '-f', 'qcow2', '-O', 'raw', path, at('content.raw'))
  const hash = createHash('sha256')
  for await (const bytes of createReadStream(at('content.raw'))) hash.update(bytes)
  await rm(at('content.raw'))
  return hash.digest('hex')
}
const take = (name: string, before: Manifest | null, into = put) =>
  takeBackup({ run, frozen: at(name), scratch: at('scratch'), before, put: into })
const again = (manifest: Manifest) => granted(parseManifest(JSON.stringify(manifest)))

describe.skipIf(missing.length > 0)('a backup of a volume', () => {
  test('sends little more than the clusters that changed, and every backup gives back all that the volume held', async () => {
    await make(96)
    const full = again(granted(await take('0.qcow2', null)))
    const places = new Set<number>()
    while (places.size < 100) places.add(randomBytes(2).readUInt16BE() % (GiB / chunkBytes))
    await change([...places])
    sent = 0
    const next = granted(await take('1.qcow2', full))
    const all = sent + JSON.stringify(next).length
    expect(all / (places.size * chunkBytes)).toBeLessThanOrEqual(1.5)
    for (const pack of packsToReclaim(full, [next])) kept.delete(pack)
    granted(await restoreBackup({ run, manifest: again(next), path: at('restored.qcow2'), get }))
    expect(await contentOf(at('restored.qcow2'))).toBe(await contentOf(at('1.qcow2')))
    expect((await readdir(dir)).sort()).toEqual(['0.qcow2', '1.qcow2', 'restored.qcow2'])
  }, 120_000)

  test('sends nothing where nothing changed', async () => {
    await make(2)
    const full = granted(await take('0.qcow2', null))
    sent = 0
    expect(granted(await take('0.qcow2', full)).chunks).toEqual(full.chunks)
    expect(sent).toBe(0)
  }, 60_000)

  test('makes the same packs when it is taken again after it was cut short', async () => {
    await make(10)
    let left = 1
    const cut = await take('0.qcow2', null, (sha256, bytes) => {
      left -= 1
      return left < 0 ? Promise.resolve(refuse('unavailable', 'cut short')) : put(sha256, bytes)
    })
    expect(cut.ok).toBe(false)
    const early = [...kept.keys()]
    expect(early).toHaveLength(1)
    const manifest = granted(await take('0.qcow2', null))
    expect(manifest.packs[0]).toBe(early[0])
    expect([...kept.keys()].sort()).toEqual([...manifest.packs].sort())
  }, 60_000)

  test('is not given back from a pack that was changed, and leaves nothing behind', async () => {
    await make(2)
    const manifest = granted(await take('0.qcow2', null))
    for (const bytes of kept.values()) bytes[7] = (bytes[7] ?? 0) ^ 1
    const restored = await restoreBackup({ run, manifest, path: at('restored.qcow2'), get })
    expect(restored.ok ? null : restored.fault.code).toBe('invalid')
    expect(await readdir(dir)).toEqual(['0.qcow2'])
  }, 60_000)
})

describe('a manifest', () => {
  const chunk = `${'A'.repeat(43)}=`
  const of = (chunks: Manifest['chunks']): Manifest => ({ format: 1, sizeBytes: 2 * chunkBytes, packs: ['a'.repeat(64)], chunks })

  test.each([
    ['beyond the volume', of([[2, 0, 0, chunk]])],
    ['in a pack that it does not have', of([[0, 1, 0, chunk]])],
    [
      'twice',
      of([
        [0, 0, 0, chunk],
        [0, 0, 1, chunk],
      ]),
    ],
  ])('is refused that names a chunk %s', (_, manifest) => {
    expect(parseManifest(JSON.stringify(manifest)).ok).toBe(false)
  })

  test('keeps the packs that another one names', () => {
    const a = 'a'.repeat(64)
    const b = 'b'.repeat(64)
    const c = 'c'.repeat(64)
    const withPacks = (packs: string[]): Manifest => ({ ...of([]), packs })
    expect(packsToReclaim(withPacks([a, b]), [withPacks([b, c])])).toEqual([a])
  })
})
