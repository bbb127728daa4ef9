import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { copyFile, mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { WantedSnapshot, WantedVolume } from '@sirocco/shared/wire/objects.ts'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { until } from '../../test/support/until.ts'
import type { DiskMerge } from '../ports/compute.ts'
import type { Merge, MergeOptions, Volumes } from '../ports/volumes.ts'
import { run } from '../programs/run.ts'
import { type RunConfined, runConfined } from '../programs/sandbox.ts'
import { directoryVolumes } from './directory-volumes.ts'

const missing = ['qemu-img', 'qemu-io', 'prlimit', 'setpriv'].filter(
  program => spawnSync(program, ['--version']).error !== undefined,
)

let dir = ''
let volumes: Volumes
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'merge-'))
  // As the agent makes it: whoever is nobody passes through.
  spawnSync('chmod', ['711', dir])
  volumes = directoryVolumes({ dir })
})
afterEach(() => rm(dir, { recursive: true, force: true }))

/** Files that a process has open. */
async function opened(pid: number | undefined): Promise<string[]> {
  const folder = `/proc/${pid}/fd`
  return Promise.all((await readdir(folder)).map(fd => readlink(join(folder, fd)).catch(() => '')))
}

const pool = { type: 'directory', id: 'spl_1' } as const
const volume = (id: string, more: Partial<WantedVolume> = {}): WantedVolume => ({
  kind: 'volume',
  id,
  generation: 1,
  pool,
  sizeMiB: 8,
  source: { from: 'nothing' },
  attached: null,
  gone: false,
  ...more,
})
const snapshot = (id: string, of = 'vol_a'): WantedSnapshot => ({
  kind: 'snapshot',
  id,
  generation: 1,
  pool,
  volume: of,
  sizeMiB: 64,
  gone: false,
})
function granted<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.fault.code}: ${result.fault.message} ${result.fault.detail ?? ''}`)
  return result.value
}
const pathOf = async (id: string) => granted(await volumes.find(volume(id)))?.source.path ?? ''
const program = async (name: string, ...args: string[]) => {
  const ran = await run(name, args)
  expect(ran.code, ran.stderr).toBe(0)
}
const write = async (id: string, at: string, byte: number) =>
  program('qemu-io', '-f', 'qcow2', '-c', `write -P ${byte} ${at}`, await pathOf(id))
/** Of all that a guest would read in it. */
async function hashAt(path: string): Promise<string> {
  const raw = join(dir, 'raw')
  await program('qemu-img', 'convert', '-U', '-f', 'qcow2', '-O', 'raw', path, raw)
  const hash = createHash('sha256')
    .update(await readFile(raw))
    .digest('hex')
  await rm(raw)
  return hash
}
const hashOf = async (id: string) => hashAt(await pathOf(id))
const hashOfSnapshot = async (id: string, of = 'vol_a') => hashAt(granted(await volumes.frozen(snapshot(id, of))).path)
const files = async (id: string) => (await readdir(join(dir, 'volumes', id))).filter(name => name.endsWith('.qcow2')).sort()
const options = (more: Partial<MergeOptions> = {}): MergeOptions => ({
  open: null,
  progress: () => undefined,
  cancel: new AbortController().signal,
  ...more,
})
const due = async (id = 'vol_a'): Promise<Merge | null> => granted(await volumes.merges(volume(id)))
async function mergeAll(id = 'vol_a'): Promise<number> {
  for (let times = 0; ; times++) {
    const next = await due(id)
    if (!next) return times
    granted(await volumes.merge(next, options()))
  }
}
/** Snapshots 1 to n of it, with other bytes before each and after the last. */
async function grown(snapshots: number, id = 'vol_a'): Promise<void> {
  granted(await volumes.make(volume(id)))
  for (let n = 1; n <= snapshots; n++) {
    await write(id, `${n}M 2M`, n)
    granted(await volumes.snapshot(snapshot(`snp_${n}`, id), null))
  }
  await write(id, '64k 64k', 99)
}

describe.skipIf(missing.length > 0)(`merging${missing.length ? ` (not installed: ${missing.join(', ')})` : ''}`, () => {
  test('a chain is as long as the snapshots that are left, and each holds what it did', async () => {
    await grown(5)
    const before = { top: await hashOf('vol_a'), second: await hashOfSnapshot('snp_2'), fourth: await hashOfSnapshot('snp_4') }
    expect(await due()).toBeNull()
    const told: number[] = []
    for (const id of ['snp_1', 'snp_3', 'snp_5']) {
      granted(await volumes.removeSnapshot(snapshot(id)))
      const next = await due()
      if (!next) throw new Error('a file stands there for nobody')
      // What a guest writes to takes nothing in, and is not written down, while it runs.
      expect(next).toMatchObject({ online: id !== 'snp_5', committed: false, volumes: ['vol_a'] })
      granted(await volumes.merge(next, options({ progress: percent => told.push(percent) })))
      expect(await due()).toBeNull()
      expect(await hashOf('vol_a')).toBe(before.top)
      expect(await hashOfSnapshot('snp_2')).toBe(before.second)
      expect(await hashOfSnapshot('snp_4')).toBe(before.fourth)
    }
    expect(told.at(-1)).toBe(100)
    expect(await files('vol_a')).toHaveLength(3)
    for (const id of ['snp_2', 'snp_4']) granted(await volumes.removeSnapshot(snapshot(id)))
    await mergeAll()
    expect([await files('vol_a'), await hashOf('vol_a')]).toEqual([['5.qcow2'], before.top])
  })

  test('a volume that grew above a snapshot keeps its size and what it holds there', async () => {
    await grown(1)
    granted(await volumes.grow(volume('vol_a', { sizeMiB: 16 })))
    await write('vol_a', '15M 1M', 15)
    const before = await hashOf('vol_a')
    granted(await volumes.removeSnapshot(snapshot('snp_1')))
    expect(await mergeAll()).toBe(1)
    expect([await hashOf('vol_a'), granted(await volumes.find(volume('vol_a')))?.sizeMiB]).toEqual([before, 16])
  })

  test('what copies stand on stays, also while its snapshot and its volume go, and becomes one with the last of them', async () => {
    await grown(2)
    for (const id of ['vol_b', 'vol_c']) {
      granted(await volumes.make(volume(id, { source: { from: 'snapshot', snapshot: 'snp_2' } })))
      await write(id, '3M 64k', id === 'vol_b' ? 50 : 60)
    }
    const before = { a: await hashOf('vol_a'), b: await hashOf('vol_b'), c: await hashOf('vol_c') }
    granted(await volumes.removeSnapshot(snapshot('snp_2')))
    expect(await due()).toBeNull()
    granted(await volumes.removeSnapshot(snapshot('snp_1')))
    // The guests of all three would have it open.
    const shared = await due()
    expect(shared).toMatchObject({ online: false })
    expect([...(shared?.volumes ?? [])].sort()).toEqual(['vol_a', 'vol_b', 'vol_c'])
    await mergeAll()
    expect([await hashOf('vol_a'), await hashOf('vol_b'), await hashOf('vol_c')]).toEqual([before.a, before.b, before.c])
    expect(await files('vol_a')).toHaveLength(2)
    granted(await volumes.remove(volume('vol_a')))
    granted(await volumes.remove(volume('vol_c')))
    expect(await hashOf('vol_b')).toBe(before.b)
    expect(await mergeAll('vol_b')).toBe(1)
    expect([await hashOf('vol_b'), await readdir(join(dir, 'volumes'))]).toEqual([before.b, ['vol_b']])
  })

  test.each([
    ['before it wrote', async () => ({ code: null, stdout: '', stderr: 'killed' })],
    [
      'when half was written',
      async (_: string, args: readonly string[]) => {
        const under = (args.at(-1) ?? '').replace('1.qcow2', '0.qcow2')
        await program('qemu-io', '-f', 'qcow2', '-c', 'write -P 2 2M 1M', under)
        return { code: null, stdout: '', stderr: 'killed' }
      },
    ],
    [
      'when all was written, and the name not given yet',
      async (...args: Parameters<RunConfined>) => {
        await runConfined(...args)
        return { code: null, stdout: '', stderr: 'killed' }
      },
    ],
  ] as const)('dies %s: it holds what it did, and is done once more', async (_, dies) => {
    await grown(2)
    const before = { top: await hashOf('vol_a'), second: await hashOfSnapshot('snp_2') }
    granted(await volumes.removeSnapshot(snapshot('snp_1')))
    const next = await due()
    if (!next) throw new Error('a file stands there for nobody')
    const dying = directoryVolumes({ dir, confined: dies })
    expect(await dying.merge(next, options())).toMatchObject({ ok: false })
    expect([await hashOf('vol_a'), await hashOfSnapshot('snp_2')]).toEqual([before.top, before.second])
    expect(await mergeAll()).toBe(1)
    expect([await hashOf('vol_a'), await hashOfSnapshot('snp_2')]).toEqual([before.top, before.second])
    expect(await files('vol_a')).toHaveLength(2)
  })

  test('whoever is to open its files ends it first; it is done another time', async () => {
    await grown(1)
    granted(await volumes.removeSnapshot(snapshot('snp_1')))
    const next = await due()
    if (!next) throw new Error('a file stands there for nobody')
    const slow = directoryVolumes({
      dir,
      confined: (_, __, { signal }) =>
        new Promise(resolve => {
          signal?.addEventListener('abort', () => resolve({ code: null, stdout: '', stderr: 'ended' }))
        }),
    })
    const merging = slow.merge(next, options())
    expect(await slow.merge(next, options())).toMatchObject({ fault: { code: 'unavailable' } })
    await slow.still(volume('vol_other'))
    await slow.still(volume('vol_a'))
    expect(await merging).toMatchObject({ fault: { code: 'unavailable' } })
    expect(await mergeAll()).toBe(1)
  })

  test('a snapshot that is read just now is not touched: it is done another time', async () => {
    await grown(2)
    granted(await volumes.removeSnapshot(snapshot('snp_1')))
    const next = await due()
    if (!next) throw new Error('a file stands there for nobody')
    const file = await pathOf('vol_a')
    const reader = spawn('qemu-io', ['-r', '-f', 'qcow2', '-c', 'sleep 60000', file], { stdio: 'ignore' })
    const over = once(reader, 'exit')
    await until('it to be read', async () => ((await opened(reader.pid)).includes(file) ? true : null))
    expect(await volumes.merge(next, options())).toMatchObject({ ok: false, fault: { code: 'unavailable' } })
    reader.kill()
    await over
    expect(await mergeAll()).toBe(1)
  })

  /** Snapshot 1 of 2 is gone; what a block job does was done, and the agent died before it heard of that. */
  async function writtenDown() {
    await grown(2)
    const before = [await hashOf('vol_a'), await hashOfSnapshot('snp_2')]
    granted(await volumes.removeSnapshot(snapshot('snp_1')))
    const [next, top] = [await due(), await pathOf('vol_a')]
    if (!next) throw new Error('a file stands there for nobody')
    const open = {
      async merge({ over, under }: DiskMerge) {
        await program('qemu-img', 'commit', '-q', '-f', 'qcow2', '-d', over)
        await program('qemu-img', 'rebase', '-q', '-u', '-f', 'qcow2', '-F', 'qcow2', '-b', under, top)
        return refuse('unavailable', 'nobody heard of its end')
      },
    }
    expect(await volumes.merge(next, options({ open }))).toMatchObject({ ok: false })
    expect(await due()).toMatchObject({ committed: true, over: join(dir, 'volumes/vol_a/1.qcow2'), volumes: ['vol_a'] })
    expect([await hashAt(top), await hashAt(next.over)]).toEqual(before)
    return { before, home: join(dir, 'volumes/vol_a'), top, under: next.under }
  }

  test('written down by a hypervisor that goes on: its snapshots are marks on the file below', async () => {
    const { before, home } = await writtenDown()
    const next = await due()
    const open = { merge: async () => refuse('internal', 'done before') }
    if (next) granted(await volumes.merge(next, options({ open })))
    expect((await readdir(home)).sort()).toEqual(['0.qcow2', '2.qcow2', 'snp_2.snapshot'])
    expect([await hashOf('vol_a'), await hashOfSnapshot('snp_2')]).toEqual(before)
    expect(await due()).toBeNull()
  })

  test.each([
    ['starts', () => volumes.make(volume('vol_a'))],
    ['is copied', () => volumes.frozen(snapshot('snp_2'))],
    ['is merged', async () => ((await mergeAll()) === 1 ? { ok: true } : { ok: false })],
  ] as const)('by one that died before all was on disk: whatever %s next holds what it did', async (_, goesOn) => {
    const { before, top, under } = await writtenDown()
    // What did not come to the disk.
    await program('qemu-io', '-f', 'qcow2', '-c', 'write -P 77 2M 2M', under)
    expect(await hashAt(top)).not.toBe(before[0])
    expect(await goesOn()).toMatchObject({ ok: true })
    expect([await hashOf('vol_a'), await hashOfSnapshot('snp_2')]).toEqual(before)
    await mergeAll()
    expect([await hashOf('vol_a'), await hashOfSnapshot('snp_2'), await files('vol_a')]).toEqual([
      ...before,
      ['1.qcow2', '2.qcow2'],
    ])
  })

  test('nothing is merged while a file cannot be read', async () => {
    await grown(1)
    granted(await volumes.removeSnapshot(snapshot('snp_1')))
    granted(await volumes.make(volume('vol_b')))
    await copyFile(await pathOf('vol_b'), join(dir, 'kept'))
    await writeFile(await pathOf('vol_b'), 'torn')
    expect(await due()).toBeNull()
    await copyFile(join(dir, 'kept'), join(dir, 'volumes/vol_b/0.qcow2'))
    expect(await due()).not.toBeNull()
  })
})
