import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { ok, type Result } from '@sirocco/shared/kit/fault.ts'
import type { WantedSnapshot, WantedVolume } from '@sirocco/shared/wire/objects.ts'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Peer } from '../ports/move.ts'
import type { Volumes } from '../ports/volumes.ts'
import { run } from '../programs/run.ts'
import { broughtDisk } from './brought.ts'
import { pooledVolumes } from './pools.ts'

const missing = ['qemu-img', 'qemu-io', 'prlimit'].filter(program => spawnSync(program, ['--version']).error !== undefined)

let root = ''
let volumes: Volumes
const reopened = () => pooledVolumes({ dir: join(root, 'own'), host: 'hst_1' })
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'pools-'))
  await mkdir(join(root, 'fast'))
  volumes = reopened()
})
afterEach(() => rm(root, { recursive: true, force: true }))

const own = { type: 'directory', id: 'spl_own' } as const
const fast = () => ({ type: 'directory', id: 'spl_fast', path: join(root, 'fast') }) as const

const volume = (id: string, pool: WantedVolume['pool'], more: Partial<WantedVolume> = {}): WantedVolume => ({
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
const snapshot = (id: string, of: string, pool: WantedVolume['pool']): WantedSnapshot => ({
  kind: 'snapshot',
  id,
  generation: 1,
  pool,
  volume: of,
  sizeMiB: 8,
  gone: false,
})
function granted<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.fault.code}: ${result.fault.message} ${result.fault.detail ?? ''}`)
  return result.value
}
const refused = (result: Result<unknown>) => (result.ok ? 'ok' : result.fault.code)
const io = async (of: WantedVolume, command: string) => {
  const path = granted(await volumes.find(of))?.source.path ?? ''
  const ran = await run('qemu-io', ['-f', 'qcow2', '-c', command, path])
  return ran.code === 0 && !ran.stdout.includes('verification failed')
}

describe.skipIf(missing.length > 0)(
  missing.length > 0 ? `pools of a host (needs ${missing.join(', ')})` : 'pools of a host',
  () => {
    test('a volume lies in the directory of its pool, apart from what another host keeps there', async () => {
      granted(await volumes.make(volume('vol_a', fast())))
      expect(await readdir(join(root, 'fast'))).toEqual(['sirocco-hst_1'])
      expect(existsSync(join(root, 'fast/sirocco-hst_1/spl_fast/volumes/vol_a/0.qcow2'))).toBe(true)
      expect(existsSync(join(root, 'own/volumes'))).toBe(false)

      const other = pooledVolumes({ dir: join(root, 'other'), host: 'hst_2' })
      expect(granted(await other.find(volume('vol_a', fast())))).toBeNull()
    })

    test('what lies in every pool is known after a restart, whatever is wanted', async () => {
      granted(await volumes.make(volume('vol_a', fast())))
      granted(await volumes.make(volume('vol_b', own)))
      expect([...granted(await reopened().list())].sort()).toEqual(['vol_a', 'vol_b'])
    })

    test('a directory that is not there is waited for, and nothing is made in its place', async () => {
      const elsewhere = { ...fast(), path: join(root, 'unmounted') }
      expect(refused(await volumes.make(volume('vol_a', elsewhere)))).toBe('unavailable')
      expect(existsSync(elsewhere.path)).toBe(false)
    })

    test('a pool that went away is no empty pool: its volumes are neither missing nor made anew, and no image may go', async () => {
      const a = volume('vol_a', fast())
      granted(await volumes.make(a))
      await rename(join(root, 'fast'), join(root, 'away'))
      await mkdir(join(root, 'fast'))
      expect(refused(await volumes.find(a))).toBe('unavailable')
      expect(refused(await volumes.make(a))).toBe('unavailable')
      expect(refused(await volumes.bases())).toBe('unavailable')
      expect(await readdir(join(root, 'fast'))).toEqual([])

      await rm(join(root, 'fast'), { recursive: true })
      await rename(join(root, 'away'), join(root, 'fast'))
      expect(granted(await volumes.find(a))?.sizeMiB).toBe(8)
    })

    test('snapshots, copies, going back and merging work in a pool as they do in the own directory', async () => {
      const a = volume('vol_a', fast())
      const kept = snapshot('snp_a', 'vol_a', fast())
      granted(await volumes.make(a))
      expect(await io(a, 'write -P 1 0 1M')).toBe(true)
      granted(await volumes.snapshot(kept, null))
      expect(await io(a, 'write -P 2 0 1M')).toBe(true)
      const copy = volume('vol_c', fast(), { source: { from: 'snapshot', snapshot: 'snp_a' } })
      granted(await volumes.make(copy))
      expect(await io(copy, 'read -P 1 0 1M')).toBe(true)
      expect(granted(await volumes.frozen(kept)).virtualBytes).toBe(8 * 1024 * 1024)
      granted(await volumes.remove(copy))
      granted(await volumes.removeSnapshot(kept))

      const due = granted(await volumes.merges(a))
      expect(due).not.toBeNull()
      if (due) granted(await volumes.merge(due, { open: null, progress: () => undefined, cancel: new AbortController().signal }))
      expect(granted(await volumes.merges(a))).toBeNull()
      expect(await io(a, 'read -P 2 0 1M')).toBe(true)
    })

    test('one moment of volumes in several pools has every mark set before the guest goes on, once', async () => {
      const [a, b, c] = [volume('vol_a', fast()), volume('vol_b', own), volume('vol_c', { ...fast(), id: 'spl_other' })] as const
      for (const one of [a, b, c]) granted(await volumes.make(one))
      const openOf = async (one: WantedVolume) => granted(await volumes.find(one))?.source.path ?? null
      const switched: string[][] = []
      const whole = await volumes.keepMoment(
        [
          { snapshot: snapshot('snp_c', 'vol_c', c.pool), open: null },
          { snapshot: snapshot('snp_a', 'vol_a', a.pool), open: await openOf(a) },
          { snapshot: snapshot('snp_b', 'vol_b', b.pool), open: await openOf(b) },
        ],
        async files => {
          expect(granted(await volumes.hasSnapshot(snapshot('snp_c', 'vol_c', c.pool)))).toBe(true)
          switched.push(files.map(({ volume }) => volume).sort())
          return { ok: true, value: true }
        },
        work => work(),
      )
      expect(switched).toEqual([['vol_a', 'vol_b']])
      expect(granted(whole)).toBe(false)
    })

    test('when the last volume of a pool is gone, nothing of it stays on the host', async () => {
      const a = volume('vol_a', fast())
      granted(await volumes.make(a))
      granted(await volumes.remove(a))
      expect(await readdir(join(root, 'fast'))).toEqual([])
      expect(await readdir(join(root, 'own/pools'))).toEqual([])
      granted(await volumes.make(a))
      expect(granted(await volumes.list())).toEqual(['vol_a'])
    })

    test('whoever does not know where a volume lies is told', async () => {
      granted(await volumes.make(volume('vol_a', fast())))
      granted(await volumes.make(volume('vol_b', own)))
      const found = async (id: string) => granted(await volumes.find({ id, pool: { type: 'directory', id: '' } }))
      expect((await found('vol_a'))?.pool).toBe('spl_fast')
      expect(await found('vol_b')).toMatchObject({ sizeMiB: 8 })
      expect((await found('vol_b'))?.pool).toBeUndefined()
      expect(await found('vol_c')).toBeNull()
    })

    test('volumes of several pools go to another host together, each into its own', async () => {
      const [a, b] = [volume('vol_a', fast()), volume('vol_b', own)] as const
      const there = pooledVolumes({ dir: join(root, 'there'), host: 'hst_2' })
      for (const one of [a, b]) {
        granted(await volumes.make(one))
        granted(await there.make(one))
      }
      expect([await io(a, 'write -P 1 0 1M'), await io(b, 'write -P 2 0 1M')]).toEqual([true, true])
      const arrival = granted(await there.take([a, b]))
      const peer: Peer = {
        ask: question => arrival.answer(question),
        tunnel: async name => ok(arrival.socket(name) ?? ''),
        close: async () => undefined,
      }
      const how = { progress: () => undefined, cancel: new AbortController().signal }
      expect(await volumes.send([a, b], peer, how)).toEqual({ kind: 'left' })
      expect(granted(await arrival.close())).toBe('arrived')
      const read = async (of: WantedVolume, byte: number) => {
        const path = granted(await there.find(of))?.source.path ?? ''
        const { stdout } = await run('qemu-io', ['-f', 'qcow2', '-c', `read -P ${byte} 0 1M`, path])
        return stdout.includes('read 1048576') && !stdout.includes('verification failed')
      }
      expect([await read(a, 1), await read(b, 2)]).toEqual([true, true])
      expect(existsSync(join(root, 'fast/sirocco-hst_2/spl_fast/volumes/vol_a/0.qcow2'))).toBe(true)
    })

    test('what was brought from a backup is made into a volume of a pool', async () => {
      const at = broughtDisk(join(root, 'own'), 'vol_a')
      await mkdir(dirname(at), { recursive: true })
      await run('qemu-img', ['create', '-q', '-f', 'qcow2', at, '8M'])
      granted(await volumes.make(volume('vol_a', fast(), { source: { from: 'backup', backup: 'bak_1' } })))
      expect(granted(await volumes.find(volume('vol_a', fast())))?.sizeMiB).toBe(8)
    })

    test('whoever takes everything off the host needs not know where it lies', async () => {
      granted(await volumes.make(volume('vol_a', fast())))
      granted(await volumes.remove({ id: 'vol_a', pool: { type: 'directory', id: '' } }))
      expect(granted(await volumes.list())).toEqual([])
      expect(await readdir(join(root, 'fast'))).toEqual([])
    })
  },
)
