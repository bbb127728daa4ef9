import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ImageFile, WantedMachine } from '@sirocco/shared/wire/objects.ts'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Storage } from '../ports/storage.ts'
import { directoryStorage } from './directory.ts'

let dir = ''
let storage: Storage
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sto-'))
  storage = directoryStorage({ dir: join(dir, 'pool') })
})
afterEach(() => rm(dir, { recursive: true, force: true }))

const digestOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
async function* inChunks(bytes: Uint8Array, size = 1_000) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

const machine = (files: ImageFile[], change: Partial<WantedMachine> = {}): WantedMachine => ({
  kind: 'machine',
  id: 'vm_1',
  generation: 1,
  power: 'on',
  name: 'web',
  vcpus: 1,
  memoryMiB: 128,
  image: { id: 'img_1', files },
  ports: [],
  seed: { instanceId: 'i-1', keys: [], userData: '' },
  ...change,
})

const keepBytes = async (bytes: Uint8Array, format: ImageFile['format'] = 'raw'): Promise<ImageFile> => {
  const file: ImageFile = { role: 'disk', format, sha256: digestOf(bytes), bytes: bytes.length }
  expect(await storage.keep(file, inChunks(bytes))).toEqual({ ok: true, value: undefined })
  return file
}

test('keeps what was promised, and only that; a half-written file of an earlier life goes', async () => {
  const bytes = Buffer.from('x'.repeat(5_000))
  await mkdir(join(dir, 'pool/images'), { recursive: true })
  await writeFile(join(dir, 'pool/images/dead.making'), 'half')
  const good = { sha256: digestOf(bytes), bytes: bytes.length }
  for (const wrong of [
    { ...good, bytes: 4_999 },
    { ...good, bytes: 5_001 },
    { ...good, sha256: 'ab'.repeat(32) },
  ])
    expect(await storage.keep(wrong, inChunks(bytes))).toMatchObject({ ok: false, fault: { code: 'invalid' } })
  expect(await readdir(join(dir, 'pool/images'))).toEqual([])
  expect(await storage.keep(good, inChunks(bytes))).toMatchObject({ ok: true })
  expect(await storage.has(good.sha256)).toBe(true)
  expect(await readFile(join(dir, 'pool/images', good.sha256))).toEqual(bytes)
})

test('a fetch that breaks can be tried again', async () => {
  const bytes = Buffer.from('whole')
  const file = { sha256: digestOf(bytes), bytes: bytes.length }
  async function* broken() {
    yield bytes.subarray(0, 2)
    throw new Error('connection reset')
  }
  expect(await storage.keep(file, broken())).toMatchObject({ ok: false, fault: { code: 'unavailable' } })
  expect(await storage.keep(file, inChunks(bytes))).toMatchObject({ ok: true })
})

test('an image whose bytes became others is not here, and comes anew; who has the former open keeps it', async () => {
  const bytes = Buffer.from('as it was promised')
  const file = await keepBytes(bytes)
  const path = join(dir, 'pool/images', file.sha256)
  expect(await storage.has(file.sha256)).toBe(true)
  await writeFile(path, 'as it was not so..')
  expect(await storage.has(file.sha256)).toBe(false)
  const before = await stat(path)
  await keepBytes(bytes)
  expect(await storage.has(file.sha256)).toBe(true)
  expect(await readFile(path)).toEqual(bytes)
  expect((await stat(path)).ino).not.toBe(before.ino)
  await writeFile(path, 'as it')
  // A fresh agent reads it once.
  storage = directoryStorage({ dir: join(dir, 'pool') })
  expect(await storage.has(file.sha256)).toBe(false)
})

test('two who keep the same image at once both have it', async () => {
  const bytes = Buffer.from('same')
  const file = { sha256: digestOf(bytes), bytes: bytes.length }
  const kept = await Promise.all([storage.keep(file, inChunks(bytes, 1)), storage.keep(file, inChunks(bytes, 1))])
  for (const one of kept) expect(one).toMatchObject({ ok: true })
})

test('names that are no names reach no file', async () => {
  expect(await storage.keep({ sha256: '../x', bytes: 1 }, inChunks(Buffer.from('x')))).toMatchObject({
    fault: { code: 'invalid' },
  })
  expect(await storage.prepare(machine([], { id: '../../etc' }))).toMatchObject({ fault: { code: 'invalid' } })
  await mkdir(join(dir, 'pool/machines'), { recursive: true })
  expect(await storage.remove('..')).toMatchObject({ ok: true })
  expect(await readdir(join(dir, 'pool'))).toEqual(['machines'])
})

test('knows its capacity before anything is in it', async () => {
  expect(await storage.capacityMiB()).toBeGreaterThan(0)
  expect(await storage.list()).toEqual({ ok: true, value: [] })
})

test('a seed is made once, and again when it differs; secrets are for root alone', async () => {
  const image = await keepBytes(Buffer.alloc(1 << 20, 7))
  const made = await storage.prepare(machine([image]))
  if (!made.ok) throw new Error(JSON.stringify(made.fault))
  const { seed } = made.value
  const before = (await stat(seed)).ino
  expect(((await stat(seed)).mode & 0o777).toString(8)).toBe('600')
  expect(await storage.prepare(machine([image]))).toEqual(made)
  expect((await stat(seed)).ino).toBe(before)
  expect(await storage.prepare(machine([image], { name: 'other' }))).toEqual(made)
  expect(await readFile(seed, 'latin1')).toContain('local-hostname: "other"')
  expect(((await stat(seed)).mode & 0o777).toString(8)).toBe('600')
  expect(await readdir(join(dir, 'pool/machines/vm_1'))).toEqual(['seed.iso'])
  for (let i = 0; i < 2; i++) expect(await storage.remove('vm_1')).toMatchObject({ ok: true })
  expect(await storage.list()).toEqual({ ok: true, value: [] })
})

test('a seed that was cut short, or half made by an earlier life, is made whole', async () => {
  const image = await keepBytes(Buffer.alloc(1 << 20, 7))
  const made = await storage.prepare(machine([image]))
  if (!made.ok) throw new Error(JSON.stringify(made.fault))
  const { seed } = made.value
  const whole = await readFile(seed)
  await writeFile(seed, whole.subarray(0, 40_000))
  await writeFile(`${seed}.making`, 'half', { mode: 0o644 })
  expect(await storage.prepare(machine([image]))).toEqual(made)
  expect((await readFile(seed)).equals(whole)).toBe(true)
  expect(((await stat(seed)).mode & 0o777).toString(8)).toBe('600')
  expect(await readdir(join(dir, 'pool/machines/vm_1'))).toEqual(['seed.iso'])
})

test('a disk from before there were volumes stays when its machine goes', async () => {
  const home = join(dir, 'pool/machines/vm_1')
  const made = await storage.prepare(machine([]))
  expect(made).toMatchObject({ ok: true })
  await writeFile(join(home, 'disk.qcow2'), 'bytes')
  expect(await storage.remove('vm_1')).toMatchObject({ ok: true })
  expect(await readdir(home)).toEqual(['disk.qcow2'])
})
