import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rename, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Result } from '@sirocco/shared/kit/fault.ts'
import type { WantedPool, WantedSnapshot, WantedVolume } from '@sirocco/shared/wire/objects.ts'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { cephVolumes } from '../../cli/audit/read/ceph-volumes.ts'
import { type TestCeph, testCeph, whyNoCeph } from '../../test/support/ceph.ts'
import { readWindows } from '../backups/windows.ts'
import { flatten } from '../images/convert.ts'
import { run } from '../programs/run.ts'
import { runConfined } from '../programs/sandbox.ts'
import { pooledVolumes } from './pools.ts'
import { cephConfiguration } from './rbd.ts'

function granted<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`refused: ${result.fault.code}: ${result.fault.message} ${result.fault.detail ?? ''}`)
  return result.value
}
const refused = (result: Result<unknown>): string => (result.ok ? 'ok' : result.fault.code)

const why = whyNoCeph()
describe.skipIf(why !== null)(
  `volumes of several hosts in a real Ceph${why === null ? '' : ` (skipped: ${why})`}`,
  { timeout: 60_000 },
  () => {
    let ceph: TestCeph
    let root: string
    beforeAll(async () => {
      ceph = await testCeph()
    }, 90_000)
    afterAll(() => ceph?.close(), 30_000)
    beforeEach(async () => {
      root = await mkdtemp(join(tmpdir(), 'srbd-'))
      for (const host of ['here', 'there'] as const) granted(await hosts(host).room(place()))
    })
    afterEach(async () => {
      for (const name of await images()) {
        for (const snapshot of await kept(name))
          await ceph.ask('rbd', ['snap', 'rm', '--no-progress', `cloud/${name}@${snapshot}`])
      }
      for (const name of (await images()).sort().reverse()) await ceph.ask('rbd', ['rm', '--no-progress', `cloud/${name}`])
      await rm(root, { recursive: true, force: true })
    }, 30_000)

    const hosts = (host: 'here' | 'there') => pooledVolumes({ dir: join(root, host), host })
    const pool = (id = 'spl_ceph'): WantedPool & { type: 'rbd' } => ({
      ...{ type: 'rbd', id, path: ceph.pool, monitors: ceph.monitors, user: ceph.user },
    })
    const place = (id?: string) => ({ ...pool(id), key: ceph.key })
    const volume = (id: string, more: Partial<WantedVolume> = {}): WantedVolume => ({
      ...{
        kind: 'volume',
        id,
        generation: 1,
        pool: pool(),
        sizeMiB: 8,
        source: { from: 'nothing' },
        attached: null,
        gone: false,
      },
      ...more,
    })
    const taken = (id: string) => volume(id, { source: { from: 'found' } })
    const snapshot = (id: string, of: string): WantedSnapshot => ({
      ...{ kind: 'snapshot', id, generation: 1, pool: pool(), volume: of, sizeMiB: 8, gone: false },
    })
    const images = async (): Promise<string[]> => JSON.parse(await ceph.ask('rbd', ['ls', '--format', 'json', 'cloud']))
    const kept = async (name: string): Promise<string[]> =>
      JSON.parse((await ceph.ask('rbd', ['snap', 'ls', '--format', 'json', `cloud/${name}`])) || '[]').map(
        (snap: { name: string }) => snap.name,
      )
    const io = async (id: string, command: string, in_ = 'spl_ceph'): Promise<boolean> => {
      const image = `rbd:cloud/sirocco.${in_}.${id}:id=cloud:conf=${cephConfiguration(join(root, 'here'), in_)}`
      const ran = await run('qemu-io', ['-f', 'raw', '-c', command, image])
      return ran.code === 0 && !/verification failed/.test(ran.stdout)
    }
    const still = (work: () => Promise<Result<void>>) => work()

    test('the key lies in a file for root alone, and volumes wait until it came', async () => {
      const other = pooledVolumes({ dir: join(root, 'other'), host: 'other' })
      expect(refused(await other.make(volume('vol_a')))).toBe('unavailable')
      granted(await other.room(place()))
      expect((await stat(join(root, 'other/ceph/spl_ceph/keyring'))).mode & 0o777).toBe(0o600)
      expect(await readFile(join(root, 'other/ceph/spl_ceph/ceph.conf'), 'utf8')).not.toContain(ceph.key)
      granted(await other.make(volume('vol_a')))
    })

    test('the key goes from the host with its pool, once nothing of it is held here', async () => {
      const here = hosts('here')
      granted(await here.make(volume('vol_a')))
      const keyring = join(root, 'here/ceph/spl_ceph/keyring')
      await here.keepOnly(['spl_other'])
      expect(await readFile(keyring, 'utf8')).toContain(ceph.key)
      granted(await here.remove(volume('vol_a', { gone: true })))
      await here.keepOnly(['spl_ceph'])
      expect(await readFile(keyring, 'utf8')).toContain(ceph.key)
      await here.keepOnly([])
      await expect(readFile(keyring)).rejects.toThrow('ENOENT')
      expect(refused(await here.make(volume('vol_a')))).toBe('unavailable')
    })

    test('says how large the pool is, and in plain words why it cannot be used', async () => {
      expect(granted(await hosts('here').room(place())).totalMiB).toBeGreaterThan(500)
      const wrong = { ...place('spl_x'), key: `${'AQ'.repeat(19)}==` }
      expect(await hosts('here').room(wrong)).toMatchObject({ fault: { code: 'unavailable' } })
      const none = { ...place('spl_y'), path: 'none' }
      expect(await hosts('here').room(none)).toMatchObject({
        fault: { code: 'unavailable', message: expect.stringContaining('no pool none') },
      })
    })

    test('a volume is one host’s until another takes it, with what it holds; let go of, it is not removed', async () => {
      granted(await hosts('here').make(volume('vol_a')))
      expect(await io('vol_a', 'write -P 7 0 1M')).toBe(true)
      expect(granted(await hosts('there').find(volume('vol_a')))).toBeNull()
      granted(await hosts('there').make(taken('vol_a')))
      for (let i = 0; i < 2; i++) granted(await hosts('here').remove({ ...volume('vol_a', { gone: true }), elsewhere: true }))
      expect(granted(await hosts('here').find(volume('vol_a')))).toBeNull()
      expect(granted(await hosts('there').find(taken('vol_a')))?.sizeMiB).toBe(8)
      expect(await io('vol_a', 'read -P 7 0 1M')).toBe(true)
      for (let i = 0; i < 2; i++) granted(await hosts('there').remove(volume('vol_a', { gone: true })))
      expect(await images()).toEqual([])
      expect(refused(await hosts('here').make(taken('vol_a')))).toBe('internal')
    })

    test('what was half made by a life that died is made anew, and what is whole is never overwritten', async () => {
      await ceph.ask('rbd', ['create', '--size', '1M', 'cloud/sirocco.spl_ceph.vol_a.making'])
      granted(await hosts('here').make(volume('vol_a')))
      expect(await images()).toEqual(['sirocco.spl_ceph.vol_a'])
      expect(await io('vol_a', 'write -P 7 0 1M')).toBe(true)
      for (const host of ['here', 'there'] as const) granted(await hosts(host).make(volume('vol_a')))
      expect(await io('vol_a', 'read -P 7 0 1M')).toBe(true)
      await ceph.ask('rbd', ['create', '--size', '1M', 'cloud/sirocco.spl_ceph.vol_b.making'])
      granted(await hosts('here').remove(volume('vol_b', { gone: true })))
      expect(await images()).toEqual(['sirocco.spl_ceph.vol_a'])
    })

    test('is made from an image, whose bytes are copied; one that is larger than the volume is refused', async () => {
      const image = join(root, 'image')
      await run('qemu-img', ['create', '-q', '-f', 'qcow2', image, '4M'])
      await run('qemu-io', ['-f', 'qcow2', '-c', 'write -P 3 0 1M', image])
      const bytes = await readFile(image)
      const sha256 = createHash('sha256').update(bytes).digest('hex')
      await mkdir(join(root, 'here/images'), { recursive: true })
      await rename(image, join(root, 'here/images', sha256))
      const files = [{ role: 'disk' as const, format: 'qcow2' as const, sha256, bytes: bytes.length }]
      const source = { from: 'image' as const, image: 'img', files }
      granted(await hosts('here').make(volume('vol_a', { source })))
      expect(granted(await hosts('here').find(volume('vol_a')))).toMatchObject({ sizeMiB: 8, turn: 0, source: { type: 'rbd' } })
      expect([await io('vol_a', 'read -P 3 0 1M'), await io('vol_a', 'read -P 0 1M 7M')]).toEqual([true, true])
      expect(refused(await hosts('here').make(volume('vol_b', { source, sizeMiB: 1 })))).toBe('invalid')
      expect(await images()).toEqual(['sirocco.spl_ceph.vol_a'])
      expect(granted(await hosts('here').bases())).toEqual([])
    })

    test('grows, keeps snapshots, is copied from them, and goes back once for each turn', async () => {
      const here = hosts('here')
      const a = volume('vol_a')
      granted(await here.make(a))
      expect(await io('vol_a', 'write -P 1 0 1M')).toBe(true)
      for (let i = 0; i < 2; i++) granted(await here.snapshot(snapshot('snp_a', 'vol_a'), null))
      expect(granted(await here.hasSnapshot(snapshot('snp_a', 'vol_a')))).toBe(true)
      expect(await io('vol_a', 'write -P 2 0 1M')).toBe(true)
      for (let i = 0; i < 2; i++) granted(await here.grow(volume('vol_a', { sizeMiB: 16 })))
      const copy = volume('vol_c', { source: { from: 'snapshot', snapshot: 'snp_a' }, sizeMiB: 12 })
      granted(await here.make(copy))
      expect([await io('vol_c', 'read -P 1 0 1M'), await io('vol_a', 'read -P 2 0 1M')]).toEqual([true, true])
      const back = volume('vol_a', { sizeMiB: 16, reverted: { snapshot: 'snp_a', turn: 2 } })
      granted(await here.revert(back))
      expect(await io('vol_a', 'read -P 1 0 1M')).toBe(true)
      expect(await io('vol_a', 'write -P 4 0 1M')).toBe(true)
      granted(await hosts('here').revert(back))
      expect(await io('vol_a', 'read -P 4 0 1M')).toBe(true)
      expect(granted(await here.find(a))).toMatchObject({ turn: 2, sizeMiB: 16 })
      const lost = volume('vol_a', { reverted: { snapshot: 'snp_x', turn: 3 } })
      expect(refused(await here.revert(lost))).toBe('not_found')
    })

    test('a volume goes, then its snapshot, then what was made from it: nothing is left', async () => {
      const here = hosts('here')
      granted(await here.make(volume('vol_a')))
      granted(await here.snapshot(snapshot('snp_a', 'vol_a'), null))
      granted(await here.make(volume('vol_c', { source: { from: 'snapshot', snapshot: 'snp_a' } })))
      for (let i = 0; i < 2; i++) granted(await here.remove(volume('vol_a', { gone: true })))
      expect(granted(await here.find(volume('vol_a')))).toBeNull()
      expect(granted(await here.hasSnapshot(snapshot('snp_a', 'vol_a')))).toBe(true)
      for (let i = 0; i < 2; i++) granted(await here.removeSnapshot(snapshot('snp_a', 'vol_a')))
      expect(granted(await here.hasSnapshot(snapshot('snp_a', 'vol_a')))).toBe(false)
      expect(await io('vol_c', 'read -P 0 0 1M')).toBe(true)
      // Another host has the copy by now.
      granted(await hosts('there').make(taken('vol_c')))
      granted(await hosts('there').remove(volume('vol_c', { gone: true })))
      expect(await images()).toEqual([])
    })

    test('snapshots of one moment are taken while the machine stands still, all or none, and not again', async () => {
      const here = hosts('here')
      for (const id of ['vol_a', 'vol_b']) granted(await here.make(volume(id)))
      const each = ['a', 'b'].map(n => ({ snapshot: snapshot(`snp_${n}`, `vol_${n}`), open: `rbd:${n}` }))
      const switchTo = () => Promise.reject(new Error('nobody goes on elsewhere'))
      let stood = 0
      const dies = async (work: () => Promise<Result<void>>): Promise<Result<void>> => {
        stood++
        granted(await work())
        return { ok: false, fault: { code: 'unavailable', message: 'the agent died' } }
      }
      expect(refused(await here.keepMoment(each, switchTo, dies))).toBe('unavailable')
      for (const { snapshot: one } of each) expect(granted(await here.hasSnapshot(one))).toBe(false)
      const stands = (work: () => Promise<Result<void>>) => {
        stood++
        return work()
      }
      granted(await here.keepMoment(each, switchTo, stands))
      expect(stood).toBe(2)
      // One that has its name says that all were taken: nothing is taken at a later moment.
      await ceph.ask('rbd', ['snap', 'rename', 'cloud/sirocco.spl_ceph.vol_b@snp_b', 'cloud/sirocco.spl_ceph.vol_b@snp_b.making'])
      granted(await here.keepMoment(each, switchTo, stands))
      expect(stood).toBe(2)
      for (const { snapshot: one } of each) expect(granted(await here.hasSnapshot(one))).toBe(true)
      const mixed = [
        ...each,
        { snapshot: { ...snapshot('snp_d', 'vol_d'), pool: { type: 'directory' as const, id: 'spl_d' } }, open: null },
      ]
      expect(refused(await here.keepMoment(mixed, switchTo, still))).toBe('unsupported')
    })

    test('two clouds in one pool of Ceph neither see nor touch what is the other’s', async () => {
      const here = hosts('here')
      const other = pool('spl_other')
      granted(await here.room(place('spl_other')))
      granted(await here.make(volume('vol_a')))
      granted(await here.make(volume('vol_a', { pool: other, sizeMiB: 4 })))
      await ceph.ask('rbd', ['create', '--size', '1M', 'cloud/somebody.gone'])
      expect([
        granted(await here.find(volume('vol_a')))?.sizeMiB,
        granted(await here.find(volume('vol_a', { pool: other })))?.sizeMiB,
      ]).toEqual([8, 4])
      granted(await here.remove(volume('vol_a', { gone: true })))
      expect((await images()).sort()).toEqual(['sirocco.spl_other.vol_a', 'somebody.gone'])
    })

    test('what a snapshot keeps is read out whole, also from a volume that is gone', async () => {
      const here = hosts('here')
      granted(await here.make(volume('vol_a')))
      expect(await io('vol_a', 'write -P 5 2M 1M')).toBe(true)
      granted(await here.snapshot(snapshot('snp_a', 'vol_a'), null))
      expect(await io('vol_a', 'write -P 6 2M 1M')).toBe(true)
      granted(await here.grow(volume('vol_a', { sizeMiB: 16 })))
      granted(await here.remove(volume('vol_a', { gone: true })))
      const kept = granted(await here.frozen(snapshot('snp_a', 'vol_a')))
      expect(kept).toMatchObject({ format: 'raw', virtualBytes: 8 * 2 ** 20 })
      await mkdir(join(root, 'window'))
      const parts = { folder: join(root, 'window'), run: runConfined, signal: new AbortController().signal }
      const window = granted(await readWindows(parts, kept)(2 * 2 ** 20, 2 ** 20))
      const bytes = Buffer.alloc(2 ** 20)
      await window.read(0, bytes)
      await window.close()
      expect(bytes.equals(Buffer.alloc(2 ** 20, 5))).toBe(true)
      await mkdir(join(root, 'image'))
      const flat = granted(
        await flatten({ ...parts, folder: join(root, 'image'), maxVirtualBytes: 2 ** 30, told: () => {} }, kept),
      )
      const read = await run('qemu-io', ['-f', 'qcow2', '-c', 'read -P 5 2M 1M', flat.path])
      expect([read.code, /verification failed/.test(read.stdout)]).toEqual([0, false])
    })

    test('an image that somebody has open is not removed, and goes once it is closed', async () => {
      const here = hosts('here')
      granted(await here.make(volume('vol_a')))
      const image = `rbd:cloud/sirocco.spl_ceph.vol_a:id=cloud:conf=${cephConfiguration(join(root, 'here'), 'spl_ceph')}`
      const open = run('qemu-io', ['-f', 'raw', '-c', 'write 0 4k', '-c', 'sleep 6000', image])
      await expect
        .poll(async () => (await ceph.ask('rbd', ['status', 'cloud/sirocco.spl_ceph.vol_a'])).includes('watcher='), {
          timeout: 5_000,
        })
        .toBe(true)
      expect(refused(await here.remove(volume('vol_a', { gone: true })))).toBe('unavailable')
      await open
      granted(await here.remove(volume('vol_a', { gone: true })))
      expect(await images()).toEqual([])
    })

    test('the audit sees volumes and snapshots that are held here, and what was lost', async () => {
      const here = hosts('here')
      for (const id of ['vol_a', 'vol_b', 'vol_c']) granted(await here.make(volume(id)))
      for (const id of ['a', 'b']) granted(await here.snapshot(snapshot(`snp_${id}`, `vol_${id}`), null))
      granted(await here.remove(volume('vol_b', { gone: true })))
      await ceph.ask('rbd', ['rm', '--no-progress', 'cloud/sirocco.spl_ceph.vol_c'])
      const found = granted(await cephVolumes(join(root, 'here'))).map(({ kind, id, facts }) => [kind, id, facts])
      expect(found).toEqual([
        ['volume', 'vol_a', { mib: 8, base: '' }],
        ['snapshot', 'snp_a', { volume: 'vol_a' }],
        ['snapshot', 'snp_b', { volume: 'vol_b' }],
        ['file', expect.stringContaining('held/vol_c'), expect.anything()],
      ])
      expect(granted(await cephVolumes(join(root, 'there')))).toEqual([])
    })

    test('while Ceph does not answer its volumes are neither missing nor gone', async () => {
      const here = hosts('here')
      granted(await here.make(volume('vol_a')))
      ceph.stop()
      try {
        expect(await Promise.all([here.find(volume('vol_a')), here.room(place())].map(async one => refused(await one)))).toEqual([
          'unavailable',
          'unavailable',
        ])
      } finally {
        ceph.goOn()
      }
      await expect.poll(async () => granted(await here.find(volume('vol_a')))?.sizeMiB, { timeout: 20_000 }).toBe(8)
    }, 90_000)
  },
)
