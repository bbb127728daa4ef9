import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { DiskMerge, Merging } from '@sirocco/agent/ports/compute.ts'
import type { Merge, MergeOptions } from '@sirocco/agent/ports/volumes.ts'
import { directoryVolumes } from '@sirocco/agent/storage/directory-volumes.ts'
import type { Result } from '@sirocco/shared/kit/fault.ts'
import type { WantedMachine, WantedSnapshot, WantedVolume } from '@sirocco/shared/wire/objects.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { whyNoLibvirtd } from '../../support/libvirtd.ts'
import { type LibvirtBench, libvirtBench } from './bench.ts'
import { ownTag } from './own.ts'

const why = whyNoLibvirtd()
const slow = { timeout: 120_000 }

const granted = <T>(result: Result<T>): T => {
  if (!result.ok) throw new Error(JSON.stringify(result.fault))
  return result.value
}
const pool = { type: 'directory', id: 'spl_1' } as const
const wanted = (id: string, sizeMiB: number): WantedVolume => ({
  kind: 'volume',
  id,
  generation: 1,
  pool,
  sizeMiB,
  source: { from: 'nothing' },
  attached: null,
  gone: false,
})
const [root, data] = [wanted('vol_root', 16), wanted('vol_data', 1024)]
const snapshot = (n: number): WantedSnapshot => ({
  kind: 'snapshot',
  id: `snp_${n}`,
  generation: 1,
  pool,
  volume: data.id,
  sizeMiB: 1024,
  gone: false,
})
const machine = (image: WantedMachine['image']): WantedMachine => ({
  kind: 'machine',
  id: 'vm_merge',
  generation: 1,
  power: 'on',
  name: 'merge',
  vcpus: 1,
  memoryMiB: 128,
  image,
  ports: [],
  seed: { instanceId: 'i-merge', keys: [], userData: '' },
})

/** With QEMU as its own user, to whom libvirt hands the files that it writes to. */
describe.skipIf(why !== null)(`files of a guest that become one${why === null ? '' : ` (${why})`}`, () => {
  let bench: LibvirtBench
  let home = ''
  let before: string[] = []
  beforeAll(async () => {
    bench = await libvirtBench(ownTag(7), 'libvirt-qemu')
    home = join(bench.libvirtd.dir, 'storage/volumes', data.id)
    for (const file of bench.image.files) granted(await bench.storage.keep(file, bench.bytesOf(file.sha256)))
    granted(await bench.volumes.make(root))
    granted(await bench.volumes.make(data))
    // Five files, each of the lower ones with some hundred MiB that the next merging writes.
    for (const n of [1, 2, 3, 4]) {
      for (let at = 0; at < 60; at++) await bench.scribble?.(data.id, n * 20 + at * 5)
      granted(await bench.volumes.snapshot(snapshot(n), null))
    }
    await start()
    before = await hashes()
  }, 180_000)
  afterAll(async () => {
    await bench?.compute.cut('vm_merge')
    await bench?.close()
  }, 60_000)

  const diskOf = async (volume: WantedVolume, device: string) => {
    const found = granted(await bench.volumes.find(volume))
    if (!found) throw new Error('it was made')
    return { volume: volume.id, device, source: found.source, boot: device === 'vda', readOnly: false }
  }
  async function start(): Promise<void> {
    const it = machine(bench.image)
    const files = granted(await bench.storage.prepare(it))
    // As the agent does before each start.
    for (const volume of [root, data]) granted(await bench.volumes.make(volume))
    const disks = [await diskOf(root, 'vda'), await diskOf(data, 'vdc')]
    granted(await bench.compute.define({ machine: it, files, disks, plugs: [] }))
    granted(await bench.compute.start(it.id))
  }
  /** Of the disk, and of what its last snapshot keeps. */
  async function hashes(): Promise<string[]> {
    const top = granted(await bench.volumes.find(data))?.source.path ?? ''
    return [await bench.contentOf(top), await bench.contentOf(granted(await bench.volumes.frozen(snapshot(4))).path)]
  }
  const files = async () => (await readdir(home)).filter(name => name.endsWith('.qcow2')).length
  const due = async (): Promise<Merge> => {
    const next = granted(await bench.volumes.merges(data))
    if (!next) throw new Error('a snapshot went')
    return next
  }
  /** Calls back when a hypervisor is in the middle of it. */
  const by = (
    compute: Pick<LibvirtBench['compute'], 'mergeDisk'> = bench.compute,
    midway: () => void = () => undefined,
  ): MergeOptions => ({
    open: { merge: (merge: DiskMerge, how: Merging) => compute.mergeDisk('vm_merge', 'vdc', merge, how) },
    progress: () => midway(),
    cancel: new AbortController().signal,
  })

  test('QEMU is killed in the middle: all holds what it did, and the agent does it while the guest is off', slow, async () => {
    granted(await bench.volumes.removeSnapshot(snapshot(1)))
    const next = await due()
    expect(next).toMatchObject({ online: true })
    let killed = false
    const merging = bench.volumes.merge(
      next,
      by(bench.compute, () => {
        if (!killed) void bench.crash?.('vm_merge')
        killed = true
      }),
    )
    expect(await merging).toMatchObject({ ok: false })
    expect(killed).toBe(true)
    for (let tries = 0; granted(await bench.compute.list())[0]?.power !== 'crashed'; tries++) {
      if (granted(await bench.compute.list())[0]?.power === 'stopped' || tries > 100) break
      await pause(50)
    }
    expect(await hashes()).toEqual(before)
    granted(await bench.volumes.merge(await due(), { ...by(), open: null }))
    expect(granted(await bench.volumes.merges(data))).toBeNull()
    expect([await hashes(), await files()]).toEqual([before, 4])
    await start()
  })

  test('the agent dies in the middle: its next life waits for what QEMU goes on with', slow, async () => {
    granted(await bench.volumes.removeSnapshot(snapshot(2)))
    const next = await due()
    let begun = () => {}
    const midway = new Promise<void>(resolve => {
      begun = resolve
    })
    let bury = () => {}
    const buried = new Promise<void>(resolve => {
      bury = resolve
    })
    // A dead agent hears no answer, and writes nothing: not before the next one is through.
    const died = by(
      {
        mergeDisk: async (...words) => {
          const answer = await bench.compute.mergeDisk(...words)
          await buried
          return answer
        },
      },
      () => begun(),
    )
    const first = bench.volumes.merge(next, died)
    await midway
    const later = { volumes: directoryVolumes({ dir: join(bench.libvirtd.dir, 'storage') }), compute: await bench.reopen() }
    granted(await later.volumes.merge(next, by(later.compute)))
    bury()
    await first
    await later.compute.close()
    expect(granted(await bench.volumes.merges(data))).toBeNull()
    expect([await hashes(), await files()]).toEqual([before, 3])
  })

  test('libvirtd is killed in the middle: it is done when it is back', slow, async () => {
    granted(await bench.volumes.removeSnapshot(snapshot(3)))
    let killing: Promise<void> | null = null
    const refused = await bench.volumes.merge(
      await due(),
      by(bench.compute, () => {
        killing ??= bench.libvirtd.kill()
      }),
    )
    expect(refused).toMatchObject({ ok: false, fault: { code: 'unavailable' } })
    await killing
    await bench.libvirtd.start()
    for (let tries = 0, left = true; left; tries++) {
      const merged = await bench.volumes.merge(await due(), by())
      left = !merged.ok
      if (tries > 50) granted(merged)
      if (left) await pause(200)
    }
    expect(granted(await bench.volumes.merges(data))).toBeNull()
    expect([await hashes(), await files()]).toEqual([before, 2])
  })
})
