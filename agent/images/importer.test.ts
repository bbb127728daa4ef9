import { createHash } from 'node:crypto'
import { chmod, mkdtemp, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import { GiB, MiB } from '@sirocco/shared/kit/units.ts'
import type { ImportSource, WantedImport } from '@sirocco/shared/wire/imports.ts'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Blobs } from '../ports/blobs.ts'
import { run } from '../programs/run.ts'
import { runConfined } from '../programs/sandbox.ts'
import { linuxImporter } from './importer.ts'

let folder: string
let server: Server
let serve: RequestListener
let port: number
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sirocco-importer-'))
  await chmod(folder, 0o711)
  server = createServer((request, response) => serve(request, response))
  await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening))
  port = (server.address() as AddressInfo).port
})
afterEach(async () => {
  server.closeAllConnections()
  await new Promise(closed => server.close(closed))
  await rm(folder, { recursive: true, force: true })
})

/** Where results go: kept by content, beside what qemu-img says of them. */
function store() {
  const kept = new Map<string, unknown>()
  const uploads = new Map<number, Uint8Array>()
  const blobs: Blobs = {
    async put(path) {
      const bytes = await readFile(path)
      const sha256 = createHash('sha256').update(bytes).digest('hex')
      kept.set(sha256, JSON.parse((await run('qemu-img', ['info', '--output=json', path])).stdout))
      return ok({ sha256, bytes: bytes.length })
    },
    async uploaded(_, n) {
      const bytes = uploads.get(n)
      if (!bytes) return refuse('invalid', 'not there')
      return ok(
        (async function* () {
          yield bytes
        })(),
      )
    },
  }
  return { kept, uploads, blobs }
}

const importer = (blobs: Blobs, allow = ['127.0.0.0/8']) =>
  linuxImporter({
    dir: join(folder, 'imports'),
    egress: { resolve: async () => [{ address: '127.0.0.1', family: 4 }], allow },
    run: runConfined,
    blobs,
  })

const wanted = (source: ImportSource): WantedImport => ({
  kind: 'import',
  id: 'img_1',
  generation: 1,
  source,
  maxBytes: 1 * GiB,
  maxVirtualBytes: 1 * GiB,
})
const url = (path: string, checksum: Extract<ImportSource, { kind: 'url' }>['checksum'] = null): ImportSource => ({
  kind: 'url',
  url: `http://images.example:${port}${path}`,
  checksum,
})
const make = (source: ImportSource, parts = store(), allow?: string[]) =>
  importer(parts.blobs, allow).make(wanted(source), () => {}, new AbortController().signal, null)

/** A disk of 8 MiB of this format. */
async function disk(format: string): Promise<Buffer> {
  const raw = join(folder, 'raw')
  const path = join(folder, `disk.${format}`)
  await run('qemu-img', ['create', '-q', '-f', 'raw', raw, '8M'])
  const file = await open(raw, 'r+')
  await file.write(Buffer.from([0x55, 0xaa]), 0, 2, 510)
  await file.write(createHash('sha512').update('content').digest(), 0, 64, 1 * MiB)
  await file.close()
  if (format === 'raw') return readFile(raw)
  const made = await run('qemu-img', ['convert', '-f', 'raw', '-O', format, raw, path])
  expect(made.stderr).toBe('')
  return readFile(path)
}
const answers =
  (files: Readonly<Record<string, Buffer | string>>): RequestListener =>
  (request, response) => {
    const found = files[request.url ?? '']
    if (found === undefined) response.writeHead(404).end()
    else response.end(found)
  }

test.each(['qcow2', 'raw', 'vmdk', 'vpc', 'vhdx', 'vdi'])('makes a compressed qcow2 that stands alone of %s', async format => {
  serve = answers({ '/disk': await disk(format) })
  const parts = store()
  const made = await make(url('/disk'), parts)
  expect(made).toMatchObject({ ok: true, value: { format: format === 'vpc' ? 'vhd' : format } })
  if (!made.ok) return
  const kept = parts.kept.get(made.value.sha256)
  expect(kept).toMatchObject({ format: 'qcow2', 'virtual-size': made.value.virtualBytes })
  expect(kept).not.toHaveProperty('backing-filename')
  expect(made.value.bytes).toBeLessThan(1 * MiB)
  expect(await readdir(join(folder, 'imports'))).toEqual([])
})

test('makes an image of uploaded parts', async () => {
  const bytes = await disk('raw')
  const parts = store()
  for (let n = 1; n <= 3; n++) parts.uploads.set(n, bytes.subarray((n - 1) * 3 * MiB, n * 3 * MiB))
  const source: ImportSource = { kind: 'upload', bytes: bytes.length, partBytes: 3 * MiB, checksum: null }
  expect(await make(source, parts)).toMatchObject({ ok: true, value: { format: 'raw', sourceBytes: 8 * MiB } })
  parts.uploads.delete(2)
  expect(await make(source, parts)).toMatchObject({ ok: false })
})

describe('checksums', () => {
  const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

  test('of the right bytes are taken, alone or from a file of them', async () => {
    const bytes = await disk('qcow2')
    serve = answers({ '/disk': bytes, '/SUMS': `${sha256(bytes)} *disk\n` })
    expect(await make(url('/disk', { by: 'sha256', hex: sha256(bytes) }))).toMatchObject({ ok: true })
    const file = { by: 'file', url: `http://images.example:${port}/SUMS` } as const
    expect(await make(url('/disk', file))).toMatchObject({ ok: true })
  })

  test('of other bytes refuse the image', async () => {
    serve = answers({ '/disk': await disk('qcow2') })
    const made = await make(url('/disk', { by: 'sha256', hex: 'a'.repeat(64) }))
    expect(made).toMatchObject({ ok: false, fault: { code: 'invalid', message: expect.stringContaining('checksum') } })
  })
})

test('goes on by range where the connection broke', async () => {
  const bytes = await disk('raw')
  const ranges: (string | undefined)[] = []
  serve = (request, response) => {
    const { range } = request.headers
    ranges.push(range)
    const from = Number(/\d+/.exec(range ?? '')?.[0] ?? 0)
    response.writeHead(range ? 206 : 200, { 'content-length': bytes.length - from, etag: '"1"' })
    const part = bytes.subarray(from, Math.min(bytes.length, from + 3 * MiB))
    response.write(part, () => (from + part.length < bytes.length ? response.destroy() : response.end()))
  }
  const made = await make(url('/disk'))
  expect(made).toMatchObject({ ok: true, value: { sourceSha256: createHash('sha256').update(bytes).digest('hex') } })
  expect(ranges[0]).toBeUndefined()
  expect(ranges.length).toBeGreaterThan(2)
})

describe('nothing private is reached', () => {
  test('by an address, or a name that leads there', async () => {
    let asked = 0
    serve = (_, response) => {
      asked++
      response.end()
    }
    expect(await make(url('/disk'), store(), [])).toMatchObject({ ok: false, fault: { code: 'forbidden' } })
    for (const host of ['127.0.0.1', '[::1]', '[::ffff:127.0.0.1]', '0.0.0.0', '2130706433', '0x7f.1'])
      expect(await make({ kind: 'url', url: `http://${host}:${port}/`, checksum: null }, store(), [])).toMatchObject({
        ok: false,
        fault: { code: 'forbidden' },
      })
    expect(asked).toBe(0)
  })

  test('by a redirect', async () => {
    serve = (_, response) => response.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data/' }).end()
    expect(await make(url('/disk'))).toMatchObject({ ok: false, fault: { code: 'forbidden' } })
  })

  test('by redirects without end', async () => {
    serve = (_, response) => response.writeHead(302, { location: '/again' }).end()
    expect(await make(url('/disk'))).toMatchObject({ ok: false, fault: { message: expect.stringContaining('redirected') } })
  })
})

test('a file of the host never gets into an image: what is based on one is refused', async () => {
  const base = join(folder, 'secret')
  await run('qemu-img', ['create', '-q', '-f', 'qcow2', base, '8M'])
  const overlay = join(folder, 'overlay')
  await run('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', base, overlay])
  serve = answers({ '/disk': await readFile(overlay) })
  expect(await make(url('/disk'))).toMatchObject({ ok: false, fault: { message: expect.stringContaining('based on another') } })
})

test('what is larger than allowed is refused, by its header and by its bytes', async () => {
  const large = join(folder, 'large')
  await run('qemu-img', ['create', '-q', '-f', 'qcow2', large, '3G'])
  serve = answers({ '/disk': await readFile(large) })
  expect(await make(url('/disk'))).toMatchObject({
    ok: false,
    fault: { message: expect.stringContaining('disk of more than 1 GiB') },
  })
  serve = (_, response) => response.writeHead(200, { 'content-length': 2 * GiB }).end()
  expect(await make(url('/disk'))).toMatchObject({ ok: false, fault: { message: expect.stringContaining('at most') } })
})

test.skipIf(process.getuid?.() !== 0)('what converts is nobody, sees no network, and can do nothing', async () => {
  const how = { fileBytes: 1 * MiB, timeout: 10_000 }
  expect((await runConfined('id', ['-u'], how)).stdout.trim()).toBe('65534')
  expect((await runConfined('cat', ['/proc/net/dev'], how)).stdout.trim().split('\n')).toHaveLength(3)
  expect((await runConfined('grep', ['CapBnd', '/proc/self/status'], how)).stdout).toMatch(/CapBnd:\s+0+$/m)
  expect((await runConfined('grep', ['NoNewPrivs', '/proc/self/status'], how)).stdout).toMatch(/1$/m)
  expect((await runConfined('cat', ['/etc/shadow'], how)).code).not.toBe(0)
  const ended = await runConfined('sleep', ['30'], { ...how, timeout: 200 })
  expect(ended).toMatchObject({ code: null, stderr: expect.stringContaining('longer') })
  await expect(stat(join(folder, 'imports'))).rejects.toThrow()
})

test('what a volume held becomes an image that stands alone, although its files are for root alone', async () => {
  const base = join(folder, 'base')
  await writeFile(base, await disk('qcow2'), { mode: 0o600 })
  const path = join(folder, 'frozen')
  await run('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', base, path, '16M'])
  for (const file of [base, path]) await chmod(file, 0o600)
  const source: ImportSource = { kind: 'snapshot', snapshot: 'snp_1', volume: 'vol_1' }
  const frozen = { path, format: 'qcow2', virtualBytes: 16 * MiB } as const
  const parts = store()
  const told: string[] = []
  const make = (signal: AbortSignal) => importer(parts.blobs).make(wanted(source), word => told.push(word), signal, frozen)
  const made = await make(new AbortController().signal)
  if (!made.ok) throw new Error(JSON.stringify(made.fault))
  expect(parts.kept.get(made.value.sha256)).toMatchObject({ format: 'qcow2', 'virtual-size': 16 * MiB })
  expect(parts.kept.get(made.value.sha256)).not.toHaveProperty('backing-filename')
  expect(told).toContain('converting 0 %')
  expect(await make(AbortSignal.abort())).toMatchObject({ ok: false, fault: { code: 'unavailable' } })
  await expect(stat(join(folder, 'imports', 'img_1'))).rejects.toThrow()
})
