import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { seeded } from '../../shared/kit/random.ts'
import { type Manifest, pack, unpack } from './archive.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'archive-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const manifest: Manifest = { format: 1, version: 2, madeAt: 5, instance: 'abcdefghijkl', blobs: false }
const secret = 'correct horse battery staple'
/** Several pieces, that do not get smaller. */
const large = Buffer.from(seeded(1).bytes(200_000))

async function packed(files: Record<string, Buffer>): Promise<string> {
  const archive = join(folder, 'archive')
  const paths = Object.entries(files).map(([name, bytes]) => {
    const path = join(folder, name.replaceAll('/', '_'))
    writeFileSync(path, bytes)
    return { name, path }
  })
  await pack(archive, secret, manifest, paths)
  return archive
}
const out = () => join(folder, 'out')

describe('an archive', () => {
  it('gives back its files as they were, empty ones, too', async () => {
    const archive = await packed({ 'control.db': large, 'agent/agent.key': Buffer.from('key'), 'tls.crt': Buffer.alloc(0) })
    expect(await unpack(archive, secret, out(), () => {})).toEqual(manifest)
    expect(readFileSync(join(out(), 'control.db')).equals(large)).toBe(true)
    expect(readFileSync(join(out(), 'agent/agent.key'), 'utf8')).toBe('key')
    expect(readFileSync(join(out(), 'tls.crt'))).toHaveLength(0)
  })

  it('is opened by its passphrase alone', async () => {
    await expect(unpack(await packed({}), 'another passphrase', out(), () => {})).rejects.toThrow(/its passphrase is another/)
  })

  it('is refused wherever it is cut off', async () => {
    const archive = await packed({ 'control.db': large })
    const bytes = readFileSync(archive)
    for (const length of [30, 50, 70_000, bytes.length - 1]) {
      writeFileSync(archive, bytes.subarray(0, length))
      await expect(
        unpack(archive, secret, join(folder, String(length)), () => {}),
        `${length}`,
      ).rejects.toThrow(/is torn|cannot be opened/)
    }
    // A whole piece less than there were.
    const piece = 4 + 65_536 + 16
    writeFileSync(archive, bytes.subarray(0, 41 + piece * 2))
    await expect(unpack(archive, secret, join(folder, 'pieces'), () => {})).rejects.toThrow(/is torn/)
  })

  it('is refused where one byte of it was changed', async () => {
    const archive = await packed({ 'control.db': large })
    const bytes = readFileSync(archive)
    for (const at of [0, 44, 70_000, bytes.length - 1]) {
      writeFileSync(archive, bytes.with(at, (bytes[at] ?? 0) ^ 1))
      await expect(
        unpack(archive, secret, join(folder, String(at)), () => {}),
        `${at}`,
      ).rejects.toThrow(/is no backup|cannot be opened|was changed|is torn/)
    }
  })

  it('writes nothing outside its folder', async () => {
    for (const name of ['../evil', '/evil', 'a/../../evil'])
      await expect(
        pack(join(folder, 'bad'), secret, manifest, [{ name, path: join(import.meta.dirname, 'archive.ts') }])
          .then(() => unpack(join(folder, 'bad'), secret, out(), () => {}))
          .finally(() => rmSync(join(folder, 'bad'))),
        name,
      ).rejects.toThrow()
    expect(readdirSync(folder)).toEqual([])
  })
})
