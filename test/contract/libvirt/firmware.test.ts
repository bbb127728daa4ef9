import { existsSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { uefiFirmware } from '@sirocco/agent/drivers/libvirt/host.ts'
import type { Result } from '@sirocco/shared/kit/fault.ts'
import type { WantedMachine, WantedVolume } from '@sirocco/shared/wire/objects.ts'
import { expect, test } from 'vitest'
import { whyNoLibvirtd } from '../../support/libvirtd.ts'
import { libvirtBench } from './bench.ts'
import { ownTag } from './own.ts'

const why = whyNoLibvirtd() ?? ((await uefiFirmware()) === null ? 'not installed: ovmf' : null)

const granted = <T>(result: Result<T>): T => {
  if (!result.ok) throw new Error(JSON.stringify(result.fault))
  return result.value
}

test.skipIf(why !== null)(
  `a machine starts from UEFI with variables of its own, as QEMU's own user, and leaves none behind${why === null ? '' : ` (${why})`}`,
  { timeout: 180_000 },
  async () => {
    const bench = await libvirtBench(ownTag(5), 'libvirt-qemu')
    try {
      const machine: WantedMachine = {
        kind: 'machine',
        id: 'vm_uefi',
        generation: 1,
        power: 'on',
        name: 'uefi',
        vcpus: 1,
        memoryMiB: 256,
        firmware: 'uefi',
        image: bench.image,
        ports: [],
        seed: { instanceId: 'i-uefi', keys: [], userData: '' },
      }
      for (const file of bench.image.files) granted(await bench.storage.keep(file, bench.bytesOf(file.sha256)))
      const files = granted(await bench.storage.prepare(machine))
      const { nvram = '' } = files
      const root: WantedVolume = {
        kind: 'volume',
        id: 'vol_uefi',
        generation: 1,
        pool: { type: 'directory', id: 'spl_1' },
        sizeMiB: 512,
        source: { from: 'image', image: bench.image.id, files: bench.image.files.filter(({ role }) => role === 'disk') },
        attached: null,
        gone: false,
      }
      granted(await bench.volumes.make(root))
      const found = granted(await bench.volumes.find(root))
      if (!found) throw new Error('it was made')
      const disks = [{ volume: root.id, device: 'vda', source: found.source, boot: true, readOnly: false }]
      granted(await bench.compute.define({ machine, files, disks, plugs: [] }))
      granted(await bench.compute.start(machine.id))
      expect((await stat(nvram)).size).toBeGreaterThan(100_000)

      const printed = async () => new TextDecoder().decode(granted(await bench.compute.consoleLog(machine.id)))
      for (const end = Date.now() + 120_000; !(await printed()).includes('login:'); await pause(250))
        if (Date.now() > end) throw new Error(`no login prompt: ${(await printed()).slice(-2_000)}`)

      granted(await bench.compute.cut(machine.id))
      const { mtimeMs } = await stat(nvram)
      granted(await bench.compute.start(machine.id))
      expect((await stat(nvram)).mtimeMs).toBeGreaterThanOrEqual(mtimeMs)
      granted(await bench.compute.cut(machine.id))
      granted(await bench.compute.undefine(machine.id))
      granted(await bench.storage.remove(machine.id))
      expect(existsSync(dirname(nvram)) ? await readdir(dirname(nvram)) : []).toEqual([])
    } finally {
      await bench.compute.cut('vm_uefi')
      await bench.close()
    }
  },
)
