import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Result } from '@sirocco/shared/kit/fault.ts'
import type { WantedSnapshot, WantedVolume } from '@sirocco/shared/wire/objects.ts'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Arrival } from '../ports/move.ts'
import type { Volumes } from '../ports/volumes.ts'
import { run } from '../programs/run.ts'
import { tlsUnderlay } from '../underlay/tls.ts'
import { directoryVolumes } from './directory-volumes.ts'
import { readQcow2 } from './qcow2.ts'

const has = (program: string) => spawnSync(program, ['--version']).error === undefined
const missing = ['qemu-img', 'qemu-io', 'prlimit'].filter(program => !has(program))

/** Two hosts with storage of their own, one image on both, and the underlay between them. */
let dir = ''
let here: Volumes
let there: Volumes
let sha256 = ''
let closes: (() => unknown)[] = []
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'parcel-'))
  here = directoryVolumes({ dir: join(dir, 'here') })
  there = directoryVolumes({ dir: join(dir, 'there') })
  const image = join(dir, 'image')
  await run('qemu-img', ['create', '-q', '-f', 'qcow2', image, '8M'])
  await run('qemu-io', ['-f', 'qcow2', '-c', 'write -P 1 0M 4M', image])
  const bytes = missing.length > 0 ? Buffer.alloc(0) : await readFile(image)
  sha256 = createHash('sha256').update(bytes).digest('hex')
  for (const host of ['here', 'there']) {
    await mkdir(join(dir, host, 'images'), { recursive: true })
    await run('cp', [image, join(dir, host, 'images', sha256)])
  }
})
afterEach(async () => {
  for (const close of closes.reverse()) await close()
  closes = []
  await rm(dir, { recursive: true, force: true })
})

const volume = (id: string, ofImage = true): WantedVolume => ({
  kind: 'volume',
  id,
  generation: 1,
  pool: { type: 'directory', id: 'spl_1' },
  sizeMiB: 16,
  source: ofImage
    ? { from: 'image', image: 'img', files: [{ role: 'disk', format: 'qcow2', sha256, bytes: 1 }] }
    : { from: 'nothing' },
  attached: null,
  gone: false,
})
const snapshot = (id: string, of: string): WantedSnapshot => ({
  ...{ kind: 'snapshot', id, generation: 1, pool: { type: 'directory', id: 'spl_1' }, volume: of, sizeMiB: 16, gone: false },
})
function granted<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.fault.code}: ${result.fault.message} ${result.fault.detail ?? ''}`)
  return result.value
}
const pathOn = async (volumes: Volumes, id: string) => granted(await volumes.find(volume(id)))?.source.path ?? ''
const write = async (id: string, mib: number, byte: number) =>
  expect((await run('qemu-io', ['-f', 'qcow2', '-c', `write -P ${byte} ${mib}M 1M`, await pathOn(here, id)])).code).toBe(0)
/** What a guest would read of all of it. */
async function content(volumes: Volumes, id: string): Promise<string> {
  const raw = join(dir, 'raw')
  const ran = await run('qemu-img', ['convert', '-O', 'raw', await pathOn(volumes, id), raw])
  expect(ran.code, ran.stderr).toBe(0)
  return createHash('sha256')
    .update(await readFile(raw))
    .digest('hex')
}

const move = { id: 'mig_1', secret: Buffer.alloc(32, 7).toString('base64') }
/** They are made there, and waited for. */
async function taken(wanted: readonly WantedVolume[]): Promise<{ arrival: Arrival; port: number }> {
  for (const one of wanted) granted(await there.make(one))
  const arrival = granted(await there.take(wanted))
  const underlay = tlsUnderlay({ address: '127.0.0.1', port: 0, dir: join(dir, 'sockets') })
  const open = granted(await underlay.receive(move, arrival))
  closes.push(
    () => open.close(),
    () => arrival.close(),
  )
  return { arrival, port: open.endpoint.port }
}
async function send(
  wanted: readonly WantedVolume[],
  port: number,
  { cancel = new AbortController(), progress = (_: number) => {} } = {},
) {
  const peer = tlsUnderlay({ address: '127.0.0.1', port: 0, dir: join(dir, 'sockets') }).peer(move, {
    address: '127.0.0.1',
    port,
  })
  try {
    return await here.send(wanted, peer, { progress, cancel: cancel.signal })
  } finally {
    await peer.close()
  }
}

describe.skipIf(missing.length > 0)(`volumes that go to another host${missing.length > 0 ? ` (needs ${missing})` : ''}`, () => {
  test('hold there what they held, on what is there, and stay here', async () => {
    const wanted = [volume('vol_root'), volume('vol_data', false)]
    for (const one of wanted) granted(await here.make(one))
    await write('vol_root', 2, 7)
    await write('vol_data', 9, 8)
    // Its chain is longer than one file.
    granted(await here.snapshot(snapshot('snp_1', 'vol_data'), null))
    await write('vol_data', 10, 9)
    const before = [await content(here, 'vol_root'), await content(here, 'vol_data')]
    const { arrival, port } = await taken(wanted)
    const seen: number[] = []
    expect(await send(wanted, port, { progress: percent => seen.push(percent) })).toEqual({ kind: 'left' })
    expect(arrival.came).toBe(true)
    expect(seen.length).toBeGreaterThan(0)
    expect([await content(there, 'vol_root'), await content(there, 'vol_data')]).toEqual(before)
    expect([await content(here, 'vol_root'), await content(here, 'vol_data')]).toEqual(before)
    // Nothing there stands on a file of the other host, and nothing is left under way.
    expect((await readQcow2(join(dir, 'there/volumes/vol_root/0.qcow2')))?.backing).toBe(join(dir, 'there/images', sha256))
    const files = await readdir(join(dir, 'there/volumes'), { recursive: true })
    expect(files.filter(name => name.includes('incoming'))).toEqual([])
    expect(granted(await arrival.close())).toBe('arrived')
  })

  test('called off, they are there as they were made, and nothing of what came', async () => {
    const wanted = [volume('vol_root')]
    granted(await here.make(volume('vol_root')))
    await write('vol_root', 2, 7)
    const { arrival, port } = await taken(wanted)
    const made = await content(there, 'vol_root')
    const cancel = new AbortController()
    expect(await send(wanted, port, { cancel, progress: () => cancel.abort() })).toMatchObject({ kind: 'stayed' })
    expect(granted(await arrival.close())).toBe('nothing')
    expect(await content(there, 'vol_root')).toBe(made)
    expect(await readdir(join(dir, 'there/volumes/vol_root'))).toEqual(['0.qcow2'])
  })

  test('what stands on a snapshot of another volume stays, and says why', async () => {
    granted(await here.make(volume('vol_root')))
    granted(await here.snapshot(snapshot('snp_1', 'vol_root'), null))
    const copy: WantedVolume = { ...volume('vol_copy'), source: { from: 'snapshot', snapshot: 'snp_1' } }
    granted(await here.make(copy))
    const { port } = await taken([volume('vol_copy', false)])
    expect(await send([copy], port)).toMatchObject({
      kind: 'stayed',
      fault: { message: expect.stringContaining('another volume') },
    })
  })

  test('whoever sends other volumes, or on another image, is refused', async () => {
    for (const one of [volume('vol_root'), volume('vol_other', false)]) granted(await here.make(one))
    const { port } = await taken([volume('vol_root', false)])
    expect(await send([volume('vol_other')], port)).toMatchObject({ kind: 'stayed', fault: { code: 'precondition' } })
    expect(await send([volume('vol_root')], port)).toMatchObject({ kind: 'stayed', fault: { code: 'precondition' } })
    expect((await readQcow2(join(dir, 'there/volumes/vol_root/0.qcow2')))?.backing).toBeNull()
  })
})
