import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Result } from '@sirocco/shared/kit/fault.ts'
import type { ImageFile, WantedSnapshot, WantedVolume } from '@sirocco/shared/wire/objects.ts'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Volumes } from '../ports/volumes.ts'
import { run } from '../programs/run.ts'
import { directoryVolumes } from './directory-volumes.ts'

const has = (program: string) => spawnSync(program, ['--version']).error === undefined
const missing = ['qemu-img', 'qemu-io', 'prlimit'].filter(program => !has(program))

let dir = ''
let volumes: Volumes
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'vol-'))
  volumes = directoryVolumes({ dir })
})
afterEach(() => rm(dir, { recursive: true, force: true }))

const volume = (id: string, more: Partial<WantedVolume> = {}): WantedVolume => ({
  kind: 'volume',
  id,
  generation: 1,
  pool: { type: 'directory', id: 'spl_1' },
  sizeMiB: 8,
  source: { from: 'nothing' },
  attached: null,
  gone: false,
  ...more,
})
const snapshot = (id: string, of: string): WantedSnapshot => ({
  kind: 'snapshot',
  id,
  generation: 1,
  pool: { type: 'directory', id: 'spl_1' },
  volume: of,
  sizeMiB: 64,
  gone: false,
})
function granted<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.fault.code}: ${result.fault.message} ${result.fault.detail ?? ''}`)
  return result.value
}
const pathOf = async (id: string) => granted(await volumes.find(volume(id)))?.source.path ?? ''

/** Writes a MiB of one byte into a volume, as a guest would. */
async function write(id: string, mib: number, byte: number): Promise<void> {
  const ran = await run('qemu-io', ['-f', 'qcow2', '-c', `write -P ${byte} ${mib}M 1M`, await pathOf(id)])
  expect(ran.code, ran.stderr).toBe(0)
}
/** Does a volume hold that byte there? */
async function holds(id: string, mib: number, byte: number): Promise<boolean> {
  const ran = await run('qemu-io', ['-f', 'qcow2', '-c', `read -P ${byte} ${mib}M 1M`, await pathOf(id)])
  return ran.code === 0 && !ran.stdout.includes('verification failed')
}
async function keptImage(bytes: Buffer, format: ImageFile['format'] = 'raw'): Promise<ImageFile> {
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  await mkdir(join(dir, 'images'), { recursive: true })
  await writeFile(join(dir, 'images', sha256), bytes)
  return { role: 'disk', format, sha256, bytes: bytes.length }
}
const ofImage = (file: ImageFile): WantedVolume['source'] => ({ from: 'image', image: 'img_1', files: [file] })

test('what an earlier life left half made or half removed is not found, and is gone once it was looked for', async () => {
  for (const [id, names] of [
    ['vol_made', ['0.qcow2.making']],
    ['vol_gone', ['0.qcow2.making', 'gone']],
  ] as const) {
    await mkdir(join(dir, 'volumes', id), { recursive: true })
    for (const name of names) await writeFile(join(dir, 'volumes', id, name), '')
    expect(await volumes.find(volume(id))).toEqual({ ok: true, value: null })
    expect(await readdir(join(dir, 'volumes'))).toEqual([])
  }
})

test('names that are no names reach no file', async () => {
  expect(await volumes.make(volume('../../etc'))).toMatchObject({ fault: { code: 'invalid' } })
  expect(await volumes.snapshot(snapshot('../x', 'vol_a'), null)).toMatchObject({ fault: { code: 'invalid' } })
  expect(await volumes.remove(volume('..'))).toMatchObject({ ok: true })
  expect(await readdir(dir)).toEqual([])
})

describe.skipIf(missing.length > 0)(`volumes${missing.length ? ` (not installed: ${missing.join(', ')})` : ''}`, () => {
  test('are made once, for root alone, and removed whole', async () => {
    const image = await keptImage(Buffer.alloc(1 << 20, 7))
    for (let i = 0; i < 2; i++) granted(await volumes.make(volume('vol_a', { source: ofImage(image) })))
    const path = await pathOf('vol_a')
    expect(((await stat(path)).mode & 0o777).toString(8)).toBe('600')
    expect(await holds('vol_a', 0, 7)).toBe(true)
    await write('vol_a', 0, 9)
    granted(await volumes.make(volume('vol_a', { source: ofImage(image) })))
    expect(await holds('vol_a', 0, 9)).toBe(true)
    expect(granted(await volumes.list())).toEqual(['vol_a'])
    for (let i = 0; i < 2; i++) granted(await volumes.remove(volume('vol_a')))
    expect(granted(await volumes.list())).toEqual([])
    expect(await readdir(join(dir, 'volumes'))).toEqual([])
  })

  test('grow, and are never made smaller', async () => {
    granted(await volumes.make(volume('vol_a')))
    granted(await volumes.grow(volume('vol_a', { sizeMiB: 16 })))
    granted(await volumes.grow(volume('vol_a', { sizeMiB: 4 })))
    expect(granted(await volumes.find(volume('vol_a')))?.sizeMiB).toBe(16)
  })

  test('an image is examined once, and held to every volume’s own size', async () => {
    const asked: string[] = []
    const heard = directoryVolumes({
      dir,
      run: (program, args, stdin) => {
        asked.push(args.includes('info') ? 'info' : 'create')
        return run(program, args, stdin)
      },
    })
    const source = ofImage(await keptImage(Buffer.alloc(3 << 20, 7)))
    granted(await heard.make(volume('vol_a', { source })))
    granted(await heard.make(volume('vol_b', { source })))
    expect(await heard.make(volume('vol_c', { source, sizeMiB: 2 }))).toMatchObject({ fault: { code: 'invalid' } })
    expect(asked).toEqual(['info', 'create', 'create'])
    expect(granted(await heard.list())).toEqual(['vol_a', 'vol_b'])
  })

  const qcow2 = async (...more: string[]): Promise<Buffer> => {
    const path = join(dir, 'made.qcow2')
    const ran = await run('qemu-img', ['create', '-q', '-f', 'qcow2', ...more])
    expect(ran.stderr).toBe('')
    return readFile(path)
  }
  test.each([
    ['another file below it', () => qcow2('-F', 'raw', '-u', '-b', '/etc/passwd', join(dir, 'made.qcow2'), '1M'), 'qcow2'],
    [
      'its data elsewhere',
      () => qcow2('-o', `data_file=${join(dir, 'data')},data_file_raw=on`, join(dir, 'made.qcow2'), '1M'),
      'qcow2',
    ],
    ['more than the volume', () => qcow2(join(dir, 'made.qcow2'), '9M'), 'qcow2'],
    ['another format than promised', async () => Buffer.alloc(4_096, 1), 'qcow2'],
  ] as const)('an image with %s becomes no volume', async (_, bytes, format) => {
    const image = await keptImage(await bytes(), format)
    expect(await volumes.make(volume('vol_a', { source: ofImage(image) }))).toMatchObject({ fault: { code: 'invalid' } })
    expect(granted(await volumes.list())).toEqual([])
  })

  test('a raw image is never taken for another format that its bytes pretend', async () => {
    const pretending = await qcow2('-F', 'raw', '-u', '-b', '/etc/passwd', join(dir, 'made.qcow2'), '1M')
    granted(await volumes.make(volume('vol_a', { source: ofImage(await keptImage(pretending, 'raw')) })))
    const info = JSON.parse((await run('qemu-img', ['info', '--output=json', await pathOf('vol_a')])).stdout)
    expect(info['backing-filename-format']).toBe('raw')
  })

  test('a snapshot keeps what was, and a volume made from it begins with that', async () => {
    granted(await volumes.make(volume('vol_a')))
    await write('vol_a', 1, 1)
    for (let i = 0; i < 2; i++) granted(await volumes.snapshot(snapshot('snp_1', 'vol_a'), null))
    expect(granted(await volumes.hasSnapshot(snapshot('snp_1', 'vol_a')))).toBe(true)
    await write('vol_a', 1, 2)
    granted(await volumes.make(volume('vol_b', { sizeMiB: 12, source: { from: 'snapshot', snapshot: 'snp_1' } })))
    expect([await holds('vol_a', 1, 2), await holds('vol_b', 1, 1)]).toEqual([true, true])
    expect(granted(await volumes.find(volume('vol_b')))?.sizeMiB).toBe(12)
    await write('vol_b', 1, 3)
    granted(await volumes.make(volume('vol_c', { source: { from: 'snapshot', snapshot: 'snp_1' } })))
    expect(await holds('vol_c', 1, 1)).toBe(true)
  })

  test('what others stand on stays until nothing does, whatever goes first', async () => {
    granted(await volumes.make(volume('vol_a')))
    await write('vol_a', 1, 1)
    granted(await volumes.snapshot(snapshot('snp_1', 'vol_a'), null))
    await write('vol_a', 2, 2)
    granted(await volumes.remove(volume('vol_a')))
    expect(granted(await volumes.list())).toEqual([])
    expect(granted(await volumes.snapshots())).toEqual(['snp_1'])
    expect(granted(await volumes.find(volume('vol_a')))).toBeNull()
    granted(await volumes.make(volume('vol_b', { source: { from: 'snapshot', snapshot: 'snp_1' } })))
    granted(await volumes.snapshot(snapshot('snp_2', 'vol_b'), null))
    granted(await volumes.removeSnapshot(snapshot('snp_1', 'vol_a')))
    expect(await holds('vol_b', 1, 1)).toBe(true)
    granted(await volumes.remove(volume('vol_b')))
    granted(await volumes.make(volume('vol_c', { source: { from: 'snapshot', snapshot: 'snp_2' } })))
    expect(await holds('vol_c', 1, 1)).toBe(true)
    granted(await volumes.removeSnapshot(snapshot('snp_2', 'vol_b')))
    granted(await volumes.remove(volume('vol_c')))
    expect(await readdir(join(dir, 'volumes'))).toEqual([])
  })

  test('a snapshot that a guest never came to write above is begun anew', async () => {
    granted(await volumes.make(volume('vol_a')))
    const first = await pathOf('vol_a')
    granted(await volumes.snapshot(snapshot('snp_1', 'vol_a'), null))
    const switched: string[] = []
    const open = {
      path: first,
      switchTo: async (path: string) => {
        expect(existsSync(path)).toBe(false)
        switched.push(path)
        return { ok: true, value: undefined } as const
      },
    }
    granted(await volumes.snapshot(snapshot('snp_1', 'vol_a'), open))
    expect(switched).toEqual([first.replace('0.qcow2', '1.qcow2')])
  })

  const back = (snapshot: string, turn: number, more: Partial<WantedVolume> = {}) =>
    volume('vol_a', { reverted: { snapshot, turn }, ...more })

  test('goes back to a snapshot once for each turn, keeps later ones, and goes forward to those again', async () => {
    granted(await volumes.make(volume('vol_a')))
    await write('vol_a', 1, 1)
    granted(await volumes.snapshot(snapshot('snp_1', 'vol_a'), null))
    await write('vol_a', 1, 2)
    granted(await volumes.snapshot(snapshot('snp_2', 'vol_a'), null))
    await write('vol_a', 1, 3)
    granted(await volumes.grow(volume('vol_a', { sizeMiB: 16 })))
    granted(await volumes.revert(back('snp_1', 4, { sizeMiB: 16 })))
    expect(granted(await volumes.find(volume('vol_a')))).toMatchObject({ turn: 4, sizeMiB: 16 })
    expect(await holds('vol_a', 1, 1)).toBe(true)
    expect((await readdir(join(dir, 'volumes/vol_a'))).sort()).toEqual([
      '0.qcow2',
      '1.qcow2',
      '3.qcow2',
      '4.turn',
      'snp_1.snapshot',
      'snp_2.snapshot',
    ])
    await write('vol_a', 1, 4)
    granted(await volumes.revert(back('snp_1', 4, { sizeMiB: 16 })))
    expect(await holds('vol_a', 1, 4)).toBe(true)
    granted(await volumes.revert(back('snp_2', 7)))
    expect(await holds('vol_a', 1, 2)).toBe(true)
    granted(await volumes.snapshot(snapshot('snp_3', 'vol_a'), null))
    for (const id of ['snp_1', 'snp_2']) granted(await volumes.removeSnapshot(snapshot(id, 'vol_a')))
    expect(await holds('vol_a', 1, 2)).toBe(true)
    expect(granted(await volumes.find(volume('vol_a')))?.turn).toBe(7)
    expect(await volumes.revert(back('snp_1', 9))).toMatchObject({ fault: { code: 'not_found' } })
    granted(await volumes.removeSnapshot(snapshot('snp_3', 'vol_a')))
    granted(await volumes.remove(volume('vol_a')))
    expect(await readdir(join(dir, 'volumes'))).toEqual([])
  })

  test('a way back that died before its file is gone anew, and a snapshot taken meanwhile is not taken for it', async () => {
    granted(await volumes.make(volume('vol_a')))
    await write('vol_a', 1, 1)
    granted(await volumes.snapshot(snapshot('snp_1', 'vol_a'), null))
    await write('vol_a', 1, 2)
    await writeFile(join(dir, 'volumes/vol_a/4.turn'), '2\n')
    granted(await volumes.snapshot(snapshot('snp_2', 'vol_a'), null))
    expect(granted(await volumes.find(volume('vol_a')))?.turn).toBe(0)
    granted(await volumes.revert(back('snp_1', 4)))
    expect(await holds('vol_a', 1, 1)).toBe(true)
  })

  test('several volumes are kept at one moment: those that a guest has open are switched at once, or none is marked', async () => {
    for (const id of ['vol_a', 'vol_b']) granted(await volumes.make(volume(id)))
    const each = [
      { snapshot: snapshot('snp_b', 'vol_b'), open: await pathOf('vol_b') },
      { snapshot: snapshot('snp_a', 'vol_a'), open: null },
    ]
    const asked: string[][] = []
    const still = (work: () => Promise<Result<void>>) => work()
    const kept = await volumes.keepMoment(
      each,
      async files => {
        asked.push(files.map(({ volume }) => volume))
        for (const { path } of files) await run('qemu-img', ['create', '-q', '-f', 'qcow2', path, '8M'])
        return { ok: true, value: true }
      },
      still,
    )
    expect([kept, asked]).toEqual([{ ok: true, value: false }, [['vol_b']]])
    for (const { snapshot } of each) expect(granted(await volumes.hasSnapshot(snapshot))).toBe(true)
    const lost = [
      { snapshot: snapshot('snp_c', 'vol_a'), open: null },
      { snapshot: snapshot('snp_d', 'vol_x'), open: null },
    ]
    expect(await volumes.keepMoment(lost, async () => ({ ok: true, value: true }), still)).toMatchObject({
      fault: { code: 'not_found' },
    })
    expect((await readdir(join(dir, 'volumes/vol_a'))).includes('snp_c.snapshot')).toBe(false)
  })

  test('a volume has no more snapshots than it may; one that went makes room for another', async () => {
    granted(await volumes.make(volume('vol_a')))
    const outcomes = []
    for (let i = 0; i < 34; i++) outcomes.push(await volumes.snapshot(snapshot(`snp_${i}`, 'vol_a'), null))
    expect(outcomes.filter(({ ok }) => ok)).toHaveLength(32)
    expect(outcomes.at(-1)).toMatchObject({ fault: { code: 'precondition' } })
    granted(await volumes.removeSnapshot(snapshot('snp_3', 'vol_a')))
    granted(await volumes.snapshot(snapshot('snp_40', 'vol_a'), null))
  })

  test('waits for a snapshot that is not here yet', async () => {
    expect(await volumes.make(volume('vol_b', { source: { from: 'snapshot', snapshot: 'snp_9' } }))).toMatchObject({
      fault: { code: 'unavailable' },
    })
  })

  test('a disk from before there were volumes is its volume, and moves to its place before the next start', async () => {
    const home = join(dir, 'machines/vm_a')
    await mkdir(home, { recursive: true })
    await run('qemu-img', ['create', '-q', '-f', 'qcow2', join(home, 'disk.qcow2'), '8M'])
    expect(await pathOf('vol_a')).toBe(join(home, 'disk.qcow2'))
    await write('vol_a', 1, 5)
    expect(await volumes.snapshot(snapshot('snp_1', 'vol_a'), null)).toMatchObject({ fault: { code: 'precondition' } })
    granted(await volumes.make(volume('vol_a')))
    expect(await pathOf('vol_a')).toBe(join(dir, 'volumes/vol_a/0.qcow2'))
    expect(await holds('vol_a', 1, 5)).toBe(true)
    expect(existsSync(home)).toBe(false)
    granted(await volumes.remove(volume('vol_a')))
    expect(await readdir(join(dir, 'volumes'))).toEqual([])
  })
})

test.skipIf(missing.length > 0)(
  'says which images anything here stands on; nothing for sure where a volume cannot be read',
  async () => {
    const file = await keptImage(Buffer.alloc(1_048_576, 7))
    granted(await volumes.make(volume('vol_of', { source: { from: 'image', image: 'img_1', files: [file] } })))
    granted(await volumes.make(volume('vol_alone')))
    expect(granted(await volumes.bases())).toEqual([file.sha256])
    await writeFile(await pathOf('vol_alone'), 'torn')
    expect(await volumes.bases()).toMatchObject({ ok: false, fault: { code: 'internal' } })
    granted(await volumes.remove(volume('vol_of')))
  },
)
