import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ok, type Result } from '@sirocco/shared/kit/fault.ts'
import { sharedMark } from '@sirocco/shared/model/volumes/pool-path.ts'
import type { WantedSnapshot, WantedVolume } from '@sirocco/shared/wire/objects.ts'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Peer } from '../ports/move.ts'
import type { Volumes } from '../ports/volumes.ts'
import { run } from '../programs/run.ts'
import { pooledVolumes } from './pools.ts'
import { readQcow2 } from './qcow2.ts'

const missing = ['qemu-img', 'qemu-io', 'prlimit'].filter(program => spawnSync(program, ['--version']).error !== undefined)

/** Two hosts with the same directory. */
let root = ''
let here: Volumes
let there: Volumes
const reopened = (host = 'here') => pooledVolumes({ dir: join(root, host), host: `hst_${host}` })
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'shared-'))
  await mkdir(join(root, 'shared'))
  await writeFile(join(root, 'shared', sharedMark), 'spl_shared\n')
  here = reopened('here')
  there = reopened('there')
})
afterEach(() => rm(root, { recursive: true, force: true }))

const pool = () => ({ type: 'nfs', id: 'spl_shared', path: join(root, 'shared') }) as const
const volume = (id: string, more: Partial<WantedVolume> = {}): WantedVolume => ({
  ...{ kind: 'volume', id, generation: 1, pool: pool(), sizeMiB: 8, source: { from: 'nothing' }, attached: null, gone: false },
  ...more,
})
const snapshot = (id: string, of: string): WantedSnapshot => ({
  ...{ kind: 'snapshot', id, generation: 1, pool: pool(), volume: of, sizeMiB: 8, gone: false },
})
const taken = (id: string) => volume(id, { source: { from: 'found' } })
const left = (id: string) => volume(id, { gone: true, elsewhere: true })

function granted<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.fault.code}: ${result.fault.message} ${result.fault.detail ?? ''}`)
  return result.value
}
const refused = (result: Result<unknown>) => (result.ok ? 'ok' : result.fault.code)
const pathOf = async (volumes: Volumes, of: WantedVolume) => granted(await volumes.find(of))?.source.path ?? ''
const io = async (volumes: Volumes, of: WantedVolume, command: string) => {
  const { code, stdout } = await run('qemu-io', ['-f', 'qcow2', '-c', command, await pathOf(volumes, of)])
  return code === 0 && !stdout.includes('verification failed')
}

describe.skipIf(missing.length > 0)(`a shared pool${missing.length > 0 ? ` (needs ${missing.join(', ')})` : ''}`, () => {
  test('a directory that is not marked as the pool is not written to, and says what to do', async () => {
    for (const mark of [null, 'spl_other\n']) {
      if (mark === null) await rm(join(root, 'shared', sharedMark))
      else await writeFile(join(root, 'shared', sharedMark), mark)
      const made = await here.make(volume('vol_a'))
      expect(made).toMatchObject({ fault: { code: 'unavailable', message: expect.stringContaining(sharedMark) } })
      expect(refused(await here.room(pool()))).toBe('unavailable')
      expect(refused(await here.find(volume('vol_a')))).toBe('unavailable')
    }
    expect(await readdir(join(root, 'shared'))).toEqual([sharedMark])
  })

  test('a volume is one host\u2019s until another takes it, with what it holds, and not a byte is moved', async () => {
    granted(await here.make(volume('vol_a')))
    expect(await io(here, volume('vol_a'), 'write -P 7 0 1M')).toBe(true)
    expect(granted(await there.find(volume('vol_a')))).toBeNull()

    granted(await there.make(taken('vol_a')))
    expect(await pathOf(there, taken('vol_a'))).toBe(await pathOf(here, volume('vol_a')))
    granted(await here.remove(left('vol_a')))
    granted(await here.remove(left('vol_a')))
    expect(granted(await reopened('here').find(volume('vol_a')))).toBeNull()
    expect(await io(reopened('there'), taken('vol_a'), 'read -P 7 0 1M')).toBe(true)

    granted(await there.remove(volume('vol_a', { gone: true })))
    expect(await readdir(join(root, 'shared/sirocco-shared/spl_shared'))).toEqual([])
    expect(refused(await here.make(taken('vol_a')))).toBe('internal')
  })

  test('what is wanted anew where it lies already is taken, never overwritten', async () => {
    granted(await here.make(volume('vol_a')))
    expect(await io(here, volume('vol_a'), 'write -P 7 0 1M')).toBe(true)
    granted(await there.make(volume('vol_a')))
    expect(await io(there, volume('vol_a'), 'read -P 7 0 1M')).toBe(true)
  })

  test('where the pool is away its volumes are neither missing nor gone', async () => {
    granted(await here.make(volume('vol_a')))
    await rename(join(root, 'shared'), join(root, 'away'))
    await mkdir(join(root, 'shared'))
    expect(refused(await here.find(volume('vol_a')))).toBe('unavailable')
    expect(refused(await here.remove(volume('vol_a', { gone: true })))).toBe('unavailable')
    expect(refused(await here.make(volume('vol_a')))).toBe('unavailable')
    // Images of other volumes may still go: nothing here stands on any.
    expect(granted(await here.bases())).toEqual([])
    await rm(join(root, 'shared'), { recursive: true })
    await rename(join(root, 'away'), join(root, 'shared'))
    expect(granted(await here.find(volume('vol_a')))?.sizeMiB).toBe(8)
  })

  test('what a volume is made of is copied, so that it stands on nothing of its host', async () => {
    const image = join(root, 'image')
    await run('qemu-img', ['create', '-q', '-f', 'qcow2', image, '4M'])
    await run('qemu-io', ['-f', 'qcow2', '-c', 'write -P 3 0 1M', image])
    const sha256 = createHash('sha256')
      .update(await readFile(image))
      .digest('hex')
    await mkdir(join(root, 'here/images'), { recursive: true })
    await rename(image, join(root, 'here/images', sha256))
    const files = [{ role: 'disk', format: 'qcow2', sha256, bytes: 1 }] as const
    const made = volume('vol_a', { source: { from: 'image', image: 'img', files: [...files] } })
    granted(await here.make(made))
    expect((await readQcow2(await pathOf(here, made)))?.backing ?? null).toBeNull()
    expect(await io(here, made, 'read -P 3 0 1M')).toBe(true)
    expect(granted(await here.bases())).toEqual([])
  })

  test('snapshots, copies, going back and merging work as they do in a directory', async () => {
    const a = volume('vol_a')
    granted(await here.make(a))
    expect(await io(here, a, 'write -P 1 0 1M')).toBe(true)
    granted(await here.snapshot(snapshot('snp_a', 'vol_a'), null))
    expect(await io(here, a, 'write -P 2 0 1M')).toBe(true)
    const copy = volume('vol_c', { source: { from: 'snapshot', snapshot: 'snp_a' } })
    granted(await here.make(copy))
    expect(await io(here, copy, 'read -P 1 0 1M')).toBe(true)
    expect((await readQcow2(await pathOf(here, copy)))?.backing ?? null).toBeNull()
    granted(await here.revert({ ...a, reverted: { snapshot: 'snp_a', turn: 2 } }))
    expect(await io(here, a, 'read -P 1 0 1M')).toBe(true)
    granted(await here.grow({ ...a, sizeMiB: 16 }))
    expect(granted(await here.find(a))?.sizeMiB).toBe(16)
    granted(await here.removeSnapshot(snapshot('snp_a', 'vol_a')))
    const due = granted(await here.merges(a))
    expect(due).not.toBeNull()
    if (due) granted(await here.merge(due, { open: null, progress: () => undefined, cancel: new AbortController().signal }))
    expect(granted(await here.merges(a))).toBeNull()
    expect(await io(here, a, 'read -P 1 0 1M')).toBe(true)
  })

  test('of a volume that was deleted, what a snapshot keeps stays until that goes, too', async () => {
    granted(await here.make(volume('vol_a')))
    granted(await here.snapshot(snapshot('snp_a', 'vol_a'), null))
    granted(await here.remove(volume('vol_a', { gone: true })))
    expect(granted(await here.hasSnapshot(snapshot('snp_a', 'vol_a')))).toBe(true)
    granted(await here.removeSnapshot(snapshot('snp_a', 'vol_a')))
    expect(await readdir(join(root, 'shared/sirocco-shared/spl_shared'))).toEqual([])
    expect(existsSync(join(root, 'here/pools/spl_shared.held'))).toBe(false)
  })

  test('a machine that is off goes to the other host without a byte of what is shared', async () => {
    for (const host of [here, there]) granted(await host.make(volume('vol_a')))
    const arrival = granted(await there.take([volume('vol_a')]))
    const asked: string[] = []
    const peer: Peer = {
      ask: question => {
        asked.push(question)
        return arrival.answer(question)
      },
      tunnel: async name => ok(arrival.socket(name) ?? ''),
      close: async () => undefined,
    }
    const how = { progress: () => undefined, cancel: new AbortController().signal }
    expect(await here.send([volume('vol_a')], peer, how)).toEqual({ kind: 'left' })
    expect(JSON.parse(asked[0] ?? '')).toEqual({ ask: 'prepare', parcels: [] })
    expect(granted(await arrival.close())).toBe('arrived')
  })

  test('a guest that has it open on one host keeps a second one out on another: QEMU locks its files', async () => {
    granted(await here.make(volume('vol_a')))
    granted(await there.make(taken('vol_a')))
    const path = await pathOf(there, taken('vol_a'))
    const first = run('qemu-io', ['-f', 'qcow2', '-c', 'write -P 1 0 1M', '-c', 'sleep 3000', path])
    await expect
      .poll(async () => (await run('qemu-io', ['-f', 'qcow2', '-c', 'write -P 2 0 1M', path])).stderr, { timeout: 3_000 })
      .toMatch(/lock/)
    expect((await first).code).toBe(0)
    expect(await io(there, taken('vol_a'), 'read -P 1 0 1M')).toBe(true)
  })
})
