import type { BackupObjects, Backups } from '@sirocco/agent/ports/backups.ts'
import type { Compute, Definition, DiskMerge, FoundMachine, MachineDisk, Merging } from '@sirocco/agent/ports/compute.ts'
import type { Networks } from '@sirocco/agent/ports/network.ts'
import type { Storage } from '@sirocco/agent/ports/storage.ts'
import type { Volumes } from '@sirocco/agent/ports/volumes.ts'
import type { Result } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { rescuedDevice } from '@sirocco/shared/model/volumes/rescued.ts'
import type { WantedMachine, WantedNetwork, WantedPool, WantedSnapshot, WantedVolume } from '@sirocco/shared/wire/objects.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { memoryObjects } from '../support/backup-objects.ts'
import { Viewer } from '../support/viewer.ts'

/** A hypervisor under test: one instance's three ports on one host, and what only a test may do to it. */
export interface DriverBench {
  readonly compute: Compute
  readonly storage: Storage
  readonly volumes: Volumes
  /** Where volumes lie; the own directory of the host where it is not said. */
  readonly pool?: WantedPool
  readonly networks: Networks
  /** Of the same volumes, over these objects. */
  backups(objects: BackupObjects): Backups
  /** An image that boots to a login prompt on the serial console and shuts down when the power button is pressed. */
  readonly image: WantedMachine['image']
  bytesOf(sha256: string): AsyncIterable<Uint8Array>
  /** User-data in base64 that brings an agent of the guest's own, where guests have none by themselves. */
  readonly guestAgent?: string
  /** A range nothing else on this host uses, /24. */
  readonly cidr: string
  /** Another life of the driver: the same instance on the same hypervisor. The suite closes it. */
  reopen(): Promise<Compute>
  /** The driver of another instance on the same hypervisor. The suite closes it. */
  stranger(): Promise<Compute>
  /** A digest of all that a guest would read in a file of this host, or of what stands for that. */
  contentOf(path: string): Promise<string>
  /** Changes when the volume is made anew. */
  diskStamp(volume: string): Promise<string>
  /** Writes bytes into a volume that no guest has open, where volumes have bytes. */
  scribble?(volume: string, at: number): Promise<void>
  /** Makes the running machine crash, where a test can. */
  crash?(machine: string): Promise<void>
  close(): Promise<void>
}

export interface DriverOptions {
  /** Longest from start to a login prompt, and from the power button to off. Milliseconds. */
  readonly bootMs: number
  readonly stopMs: number
  /** For everything else that is awaited. */
  readonly settleMs?: number
}

/** The contract of every driver. `make` is called once; the tests run in order on one host and boot two guests at most. */
export function describeDriver(name: string, make: () => Promise<DriverBench>, options: DriverOptions): void {
  const settleMs = options.settleMs ?? 5_000
  const slow = { timeout: options.bootMs + options.stopMs + 30_000 }

  describe(`the driver contract: ${name}`, () => {
    let bench: DriverBench
    let definition: Definition
    let network: WantedNetwork
    const seen: (string | null)[] = []
    const id = 'vm_01contract000000000a'
    const root = 'vol_01contract00000000ra'
    const data = 'vol_01contract00000000da'
    const copy = 'vol_01contract00000000ca'
    const chain = 'vol_01contract00000000ha'
    const rescue = 'vol_01contract00000000ea'
    const restored = 'vol_01contract00000000ba'
    const frozen = 'snp_01contract00000000sa'
    const momentOf = () =>
      [['snp_01contract0000000root', root] as const, ['snp_01contract0000000data', data] as const].map(([snapshot, of]) =>
        wantedSnapshot(snapshot, of, bench),
      )
    const absent = 'vm_01contract000000000z'

    beforeAll(async () => {
      bench = await make()
      network = wantedNetwork(bench.cidr)
      bench.compute.watch(machine => seen.push(machine))
    }, 120_000)
    afterAll(async () => {
      if (!bench) return
      await bench.compute.cut(id)
      await bench.compute.undefine(id)
      await bench.storage.remove(id)
      await bench.volumes.removeSnapshot(wantedSnapshot(frozen, data, bench))
      for (const volume of [copy, data, rescue, restored, root, chain]) await bench.volumes.remove(wantedVolume(volume, bench))
      await bench.networks.apply([])
      await bench.close()
    }, 60_000)

    const inCeph = () => bench.pool?.type === 'rbd'
    /** Of these volumes just those are here; nobody lists what lies in a pool that other hosts have, too. */
    const lies = async (of: readonly string[], here: readonly string[]) => {
      const found: string[] = []
      for (const volume of of) if (granted(await bench.volumes.find(wantedVolume(volume, bench)))) found.push(volume)
      expect(found).toEqual(here)
      if (!inCeph()) expect(granted(await bench.volumes.list())).toEqual(here)
    }
    const find = async (compute: Compute = bench.compute): Promise<FoundMachine | undefined> =>
      granted(await compute.list()).find(m => m.id === id)
    /** A volume as the machine is given it. */
    const diskOf = async (volume: string, device: string): Promise<MachineDisk> => {
      const there = granted(await bench.volumes.find(wantedVolume(volume, bench)))
      if (!there) throw new Error(`no volume ${volume}`)
      return { volume, device, source: there.source, boot: device === 'vda', readOnly: false }
    }
    const disks = async () =>
      granted(await bench.compute.disks(id)).map(({ volume, device, live, saved }) => ({ volume, device, live, saved }))
    const power = async () => (await find())?.power ?? 'absent'
    const consoleText = async () => new TextDecoder().decode(granted(await bench.compute.consoleLog(id)))

    test('says what the host is', async () => {
      const host = granted(await bench.compute.fingerprint())
      expect(host.cpus).toBeGreaterThan(0)
      expect(host.memoryMiB).toBeGreaterThan(0)
      expect(host.bootId).not.toBe('')
      expect(await bench.storage.capacityMiB()).toBeGreaterThan(0)
    })

    test('verbs on a machine that is not there: success for cut, undefine and remove, not_found for the rest', async () => {
      for (const verb of ['cut', 'undefine'] as const) expect(await bench.compute[verb](absent)).toMatchObject({ ok: true })
      expect(await bench.storage.remove(absent)).toMatchObject({ ok: true })
      for (const verb of ['start', 'askToStop', 'pause', 'suspend', 'reboot', 'consoleLog', 'screenshot', 'guestFacts'] as const)
        expect(await bench.compute[verb](absent)).toMatchObject({ ok: false, fault: { code: 'not_found' } })
      expect(
        await bench.compute.console(
          absent,
          () => {},
          () => {},
        ),
      ).toMatchObject({ ok: false, fault: { code: 'not_found' } })
    })

    test('refuses image bytes that are not what was promised, and keeps nothing', async () => {
      const wrong = { sha256: 'ab'.repeat(32), bytes: 4 }
      const fetch = (text: string) =>
        (async function* () {
          yield new TextEncoder().encode(text)
        })()
      for (const text of ['abcd', 'abc', 'abcde'])
        expect(await bench.storage.keep(wrong, fetch(text))).toMatchObject({ ok: false, fault: { code: 'invalid' } })
      expect(await bench.storage.has(wrong.sha256)).toBe(false)
    })

    test('refuses to make a disk from an image that is not here', async () => {
      const volume = wantedVolume(root, bench)
      const files = bench.image.files.filter(({ role }) => role === 'disk').map(file => ({ ...file, sha256: 'cd'.repeat(32) }))
      expect(await bench.volumes.make({ ...volume, source: { from: 'image', image: 'img', files } })).toMatchObject({ ok: false })
      await lies([root], [])
    })

    test('keeps an image twice and has it', async () => {
      for (const file of [...bench.image.files, ...bench.image.files])
        expect(await bench.storage.keep(file, bench.bytesOf(file.sha256))).toMatchObject({ ok: true })
      for (const file of bench.image.files) expect(await bench.storage.has(file.sha256)).toBe(true)
    }, 60_000)

    test('makes volume and seed twice: the same files, the volume left as it is', async () => {
      const machine = wantedMachine(id, bench, network)
      granted(await bench.volumes.make(wantedVolume(root, bench)))
      const first = granted(await bench.storage.prepare(machine))
      const stamp = await bench.diskStamp(root)
      expect(granted(await bench.storage.prepare(machine))).toEqual(first)
      granted(await bench.volumes.make(wantedVolume(root, bench)))
      expect(await bench.diskStamp(root)).toBe(stamp)
      expect(granted(await bench.storage.list())).toEqual([id])
      await lies([root, data, copy], [root])
    })

    test('makes networks, twice', async () => {
      const machine = wantedMachine(id, bench, network)
      const wanted = [{ network, ports: machine.ports.map(port => ({ ...port, hostname: machine.name })) }]
      for (let i = 0; i < 2; i++) expect(await bench.networks.apply(wanted)).toMatchObject({ ok: true })
      expect(granted(await bench.networks.list())).toEqual([network.id])
    }, 20_000)

    test('names the host’s end of each port: as Linux takes it, always the same, another for another port', () => {
      const [port] = wantedMachine(id, bench, network).ports
      if (!port) throw new Error('the machine has a port')
      const { tap } = bench.networks.plug(port, network)
      expect(tap).toMatch(/^[a-z0-9]{1,15}$/)
      expect(bench.networks.plug(port, network).tap).toBe(tap)
      expect(bench.networks.plug({ ...port, id: `${port.id}b` }, network).tap).not.toBe(tap)
    })

    test('defines a machine twice: one, off, and not yet run', async () => {
      const machine = wantedMachine(id, bench, network)
      const files = granted(await bench.storage.prepare(machine))
      definition = {
        machine,
        files,
        disks: [await diskOf(root, 'vda')],
        plugs: machine.ports.map(port => bench.networks.plug(port, network)),
      }
      for (let i = 0; i < 2; i++) expect(await bench.compute.define(definition)).toMatchObject({ ok: true })
      expect(granted(await bench.compute.list())).toMatchObject([{ id, power: 'stopped', run: '' }])
    })

    test('says what a machine was defined as, and nothing of one that is not of this instance', async () => {
      const { machine } = definition
      expect(granted(await bench.compute.describe(id))).toEqual({
        name: machine.name,
        vcpus: machine.vcpus,
        memoryMiB: machine.memoryMiB,
        firmware: 'bios',
        macs: machine.ports.map(({ mac }) => mac),
      })
      const stranger = await bench.stranger()
      expect(granted(await stranger.list())).toEqual([])
      expect(await stranger.describe(id)).toMatchObject({ ok: false, fault: { code: 'not_found' } })
      for (const verb of ['cut', 'undefine'] as const) expect(await stranger[verb](id)).toMatchObject({ ok: true })
      await stranger.close()
      expect(await power()).toBe('stopped')
    })

    test('redefines a machine that is off: another shape, and back', async () => {
      const before = (await find())?.shape
      const larger = { ...definition, machine: { ...definition.machine, memoryMiB: 160 } }
      expect(await bench.compute.define(larger)).toMatchObject({ ok: true })
      expect((await find())?.shape).not.toBe(before)
      expect(await bench.compute.define(definition)).toMatchObject({ ok: true })
      expect((await find())?.shape).toBe(before)
    })

    test('a newer generation or another wish of the power is no other shape', async () => {
      const before = (await find())?.shape
      const newer = { ...definition, machine: { ...definition.machine, generation: 7, power: 'off' as const } }
      expect(await bench.compute.define(newer)).toMatchObject({ ok: true })
      expect((await find())?.shape).toBe(before)
    })

    test('refuses to reset, pause, suspend, or join the console of, a machine that is off', async () => {
      for (const verb of ['reboot', 'pause', 'suspend'] as const)
        expect(await bench.compute[verb](id)).toMatchObject({ ok: false, fault: { code: 'precondition' } })
      expect(
        await bench.compute.console(
          id,
          () => {},
          () => {},
        ),
      ).toMatchObject({ ok: false })
    })

    test('starts a machine twice: one run, and whoever watches is told', async () => {
      seen.length = 0
      for (let i = 0; i < 2; i++) expect(await bench.compute.start(id)).toMatchObject({ ok: true })
      const found = await find()
      expect(found).toMatchObject({ power: 'running' })
      expect(found?.run).not.toBe('')
      await until('a word to the watcher', settleMs, async () => seen.some(m => m === id || m === null))
    }, 30_000)

    test('gives a running machine another volume, twice: it has it once, now and at its next start', async () => {
      granted(await bench.volumes.make(wantedVolume(data, bench, { source: { from: 'nothing' }, sizeMiB: 64 })))
      const disk = await diskOf(data, 'vdc')
      for (let i = 0; i < 2; i++) granted(await bench.compute.attach(id, disk))
      expect(await disks()).toEqual([
        { volume: root, device: 'vda', live: true, saved: true },
        { volume: data, device: 'vdc', live: true, saved: true },
      ])
      expect(await bench.compute.attach(id, { ...disk, source: { ...disk.source, path: '/elsewhere' } })).toMatchObject({
        ok: false,
      })
    }, 30_000)

    test('makes a volume larger under a running machine', async () => {
      granted(await bench.compute.resize(id, 'vdc', 96))
      expect(granted(await bench.volumes.find(wantedVolume(data, bench)))?.sizeMiB).toBe(96)
    }, 30_000)

    test('keeps what a volume holds while its machine runs: the guest goes on above it, and a volume can be made from it', async () => {
      const wanted = wantedSnapshot(frozen, data, bench)
      expect(granted(await bench.volumes.hasSnapshot(wanted))).toBe(false)
      for (let i = 0; i < 2; i++) {
        const path = granted(await bench.compute.disks(id)).find(disk => disk.device === 'vdc')?.path ?? ''
        const open = { path, switchTo: (to: string) => bench.compute.switchDisk(id, 'vdc', to) }
        granted(await bench.volumes.snapshot(wanted, open))
      }
      expect(granted(await bench.volumes.hasSnapshot(wanted))).toBe(true)
      const now = await diskOf(data, 'vdc')
      expect(granted(await bench.compute.disks(id)).find(disk => disk.device === 'vdc')).toMatchObject({
        path: now.source.path,
        live: true,
        saved: true,
      })
      granted(
        await bench.volumes.make(wantedVolume(copy, bench, { source: { from: 'snapshot', snapshot: frozen }, sizeMiB: 128 })),
      )
      expect(granted(await bench.volumes.find(wantedVolume(copy, bench)))?.sizeMiB).toBe(128)
      if (!inCeph()) expect(granted(await bench.volumes.snapshots())).toEqual([frozen])
      expect(await power()).toBe('running')
    }, 60_000)

    test('what a snapshot keeps goes into a backup, and a volume made of that holds the same', async () => {
      const backup = 'bak_01contract0000000000'
      const objects = memoryObjects()
      const backups = bench.backups(objects)
      const never = new AbortController().signal
      const kept = granted(await bench.volumes.frozen(wantedSnapshot(frozen, data, bench)))
      const wanted = { kind: 'backup', id: backup, generation: 1, snapshot: frozen, volume: data, base: null } as const
      const taken = granted(await backups.take(wanted, kept, () => {}, never))
      expect(granted(await backups.take(wanted, kept, () => {}, never))).toEqual(taken)
      objects.ready(backup, taken)
      const sizeMiB = taken.sizeBytes / 2 ** 20
      const volume = wantedVolume(restored, bench, { source: { from: 'backup', backup }, sizeMiB })
      for (let i = 0; i < 2; i++) {
        granted(await backups.bring(volume, backup, () => {}, never))
        granted(await bench.volumes.make(volume))
      }
      await backups.keepOnly([])
      const found = granted(await bench.volumes.find(volume))
      expect(found?.sizeMiB).toBe(sizeMiB)
      expect(await bench.contentOf(found?.source.path ?? '')).toBe(await bench.contentOf(kept.path))
      granted(await bench.volumes.remove(volume))
    }, 60_000)

    test(
      'deleted under a running machine, snapshots leave no file behind: the disk and the snapshots that stay hold what they did',
      slow,
      async context => {
        if (inCeph()) return context.skip('Ceph keeps its own files in order')
        const disk = async () => granted(await bench.compute.disks(id)).find(one => one.device === 'vde')?.path ?? ''
        const wanted = (n: number) => wantedSnapshot(`snp_01contract00000merge${n}`, chain, bench)
        const hashes = async (...of: readonly number[]) => {
          const found = [await bench.contentOf(await disk())]
          for (const n of of) found.push(await bench.contentOf(granted(await bench.volumes.frozen(wanted(n))).path))
          return found
        }
        const stopped = new AbortController()
        const told: number[] = []
        const mergeAll = async (): Promise<number> => {
          for (let times = 0; ; times++) {
            const due = granted(await bench.volumes.merges(wantedVolume(chain, bench)))
            if (!due) return times
            expect(due).toMatchObject({ volumes: [chain] })
            const open = { merge: (one: DiskMerge, how: Merging) => bench.compute.mergeDisk(id, 'vde', one, how) }
            granted(await bench.volumes.merge(due, { open, progress: percent => told.push(percent), cancel: stopped.signal }))
          }
        }
        granted(await bench.volumes.make(wantedVolume(chain, bench, { source: { from: 'nothing' }, sizeMiB: 64 })))
        for (const n of [1, 2, 3]) {
          await bench.scribble?.(chain, n)
          granted(await bench.volumes.snapshot(wanted(n), null))
        }
        await bench.scribble?.(chain, 20)
        granted(await bench.compute.attach(id, await diskOf(chain, 'vde')))
        const before = await hashes(2, 3)
        expect(await mergeAll()).toBe(0)
        for (const n of [1, 2]) {
          granted(await bench.volumes.removeSnapshot(wanted(n)))
          expect(await mergeAll()).toBe(1)
          expect(await hashes(3)).toEqual([before[0], before[2]])
        }
        // What it writes above stays until it keeps that, too, or stops.
        granted(await bench.volumes.removeSnapshot(wanted(3)))
        expect(granted(await bench.volumes.merges(wantedVolume(chain, bench)))).toMatchObject({ online: false })
        expect(await hashes()).toEqual([before[0]])
        const open = { path: await disk(), switchTo: (to: string) => bench.compute.switchDisk(id, 'vde', to) }
        granted(await bench.volumes.snapshot(wanted(4), open))
        stopped.abort()
        const due = granted(await bench.volumes.merges(wantedVolume(chain, bench)))
        if (!due) throw new Error('a snapshot went')
        expect(due).toMatchObject({ online: true })
        const merge = (one: DiskMerge, how: Merging) => bench.compute.mergeDisk(id, 'vde', one, how)
        const calledOff = await bench.volumes.merge(due, { open: { merge }, progress: () => {}, cancel: stopped.signal })
        expect(calledOff).toMatchObject({ fault: { code: 'unavailable' } })
        expect(await hashes(4)).toEqual([before[0], before[0]])
        expect(told.every(percent => percent >= 0 && percent <= 100)).toBe(true)
        expect(await power()).toBe('running')
        const plugged = granted(await bench.compute.disks(id)).find(one => one.device === 'vde')
        if (!plugged) throw new Error('it has it')
        await until('the guest to let go of it', options.bootMs, async () => (await bench.compute.detach(id, plugged)).ok)
        // No guest has it open any more.
        granted(await bench.volumes.merge(due, { open: null, progress: () => {}, cancel: new AbortController().signal }))
        expect(granted(await bench.volumes.merges(wantedVolume(chain, bench)))).toBeNull()
        expect(await bench.contentOf((await diskOf(chain, 'vde')).source.path)).toBe(before[0])
        granted(await bench.volumes.removeSnapshot(wanted(4)))
        granted(await bench.volumes.remove(wantedVolume(chain, bench)))
      },
    )

    test('while it runs: the same definition is fine, another is refused, and it is not undefined', async () => {
      expect(await bench.compute.define(definition)).toMatchObject({ ok: true })
      const larger = { ...definition, machine: { ...definition.machine, memoryMiB: 160 } }
      expect(await bench.compute.define(larger)).toMatchObject({ ok: false, fault: { code: 'precondition' } })
      expect(await bench.compute.undefine(id)).toMatchObject({ ok: false })
      expect(await power()).toBe('running')
    })

    test('the console prints a login prompt and the log keeps it', slow, async () => {
      await until('a login prompt', options.bootMs, async () => (await consoleText()).includes('login:'))
      expect((await consoleText()).length).toBeLessThanOrEqual(limits.consoleLog)
    })

    test('counts what a machine uses: more CPU by and by, and no less of anything', { timeout: 60_000 }, async () => {
      const count = async () => granted(await bench.compute.counters())
      const before = await count()
      const own = before.machines.get(id)
      expect(own?.cpuNs).toBeGreaterThan(0)
      expect(own?.memoryBytes).toBeGreaterThan(0)
      expect([...before.machines.keys()]).toEqual([id])
      await until('more CPU to be used', settleMs, async () => ((await count()).machines.get(id)?.cpuNs ?? 0) > (own?.cpuNs ?? 0))
      const after = await count()
      for (const [one, other] of [
        [own, after.machines.get(id)],
        [before.host, after.host],
      ])
        for (const what of ['cpuNs', 'diskReadBytes', 'diskWrittenBytes', 'receivedBytes', 'sentBytes'] as const)
          expect(other?.[what]).toBeGreaterThanOrEqual(one?.[what] ?? 0)
      expect(after.host.memoryBytes).toBeGreaterThan(0)
    })

    test('what is typed into the console is answered; a newer reader ends the older', { timeout: 30_000 }, async () => {
      let closed = 0
      const older = granted(
        await bench.compute.console(
          id,
          () => {},
          () => closed++,
        ),
      )
      let text = ''
      const newer = granted(
        await bench.compute.console(
          id,
          bytes => {
            text += new TextDecoder().decode(bytes)
          },
          () => {},
        ),
      )
      await until('the older reader to be ended', settleMs, async () => closed === 1)
      newer.write(new TextEncoder().encode('root\n'))
      await until('an echo', settleMs, async () => text.includes('root'))
      newer.close()
      older.close()
      expect(closed).toBe(1)
    })

    test('the screen lets in who knows the password of the ticket, and nobody else', { timeout: 30_000 }, async () => {
      const look = async (password: string, given: string) => {
        const viewer = new Viewer(given)
        const opened = await bench.compute.screen(
          id,
          password,
          bytes => viewer.hear(bytes),
          () => viewer.ended(),
        )
        viewer.join(granted(opened))
        const seen = await viewer.result
        granted(opened).close()
        return seen
      }
      expect(await look('abcdefgh', 'abcdefgh')).toMatchObject({ width: expect.any(Number) })
      expect(await look('ABCDEFGH', 'abcdefgh')).toBe('refused')
      expect(await look('ABCDEFGH', 'ABCDEFGH')).toMatchObject({ width: expect.any(Number) })
    })

    test('a picture of the screen is a PNG', async () => {
      const png = Buffer.from(granted(await bench.compute.screenshot(id)))
      expect(png.subarray(0, 4)).toEqual(Buffer.from([0x89, 0x50, 0x4e, 0x47]))
      expect(png.byteLength).toBeLessThanOrEqual(limits.screenshotBytes)
    })

    test('the agent inside the guest says what it knows, and sets a password', { timeout: 60_000 }, async () => {
      await until('the agent', settleMs, async () => (await bench.compute.guestFacts(id)).ok)
      const facts = granted(await bench.compute.guestFacts(id))
      expect(facts).toMatchObject({ hostname: 'contract', os: { name: expect.any(String) } })
      expect(facts.interfaces.flatMap(each => each.addresses).join()).toContain(hostOf(network.cidr, 10))
      for (let i = 0; i < 2; i++)
        expect(await bench.compute.setGuestPassword(id, 'root', 'swordfish "1"')).toMatchObject({ ok: true })
    })

    test('keeps several volumes of a running machine at one moment, while its file systems stand still', slow, async () => {
      const each = async () => {
        const open = granted(await bench.compute.disks(id))
        return momentOf().map(snapshot => ({
          snapshot,
          open: open.find(({ device }) => device === (snapshot.volume === root ? 'vda' : 'vdc'))?.path ?? null,
        }))
      }
      const switchTo = (files: readonly { readonly volume: string; readonly path: string }[]) =>
        bench.compute.switchDisks(
          id,
          files.map(({ volume, path }) => ({ device: volume === root ? 'vda' : 'vdc', path })),
        )
      const whileStill = async (work: () => Promise<Result<void>>) => {
        granted(await bench.compute.pause(id))
        const done = await work()
        granted(await bench.compute.start(id))
        return done
      }
      expect(granted(await bench.volumes.keepMoment(await each(), switchTo, whileStill))).toBe(!inCeph())
      const before = granted(await bench.compute.disks(id))
      granted(await bench.volumes.keepMoment(await each(), switchTo, whileStill))
      expect(granted(await bench.compute.disks(id))).toEqual(before)
      for (const snapshot of momentOf()) expect(granted(await bench.volumes.hasSnapshot(snapshot))).toBe(true)
      for (const [volume, device] of [
        [root, 'vda'],
        [data, 'vdc'],
      ] as const)
        expect(before.find(disk => disk.device === device)).toMatchObject({
          path: (await diskOf(volume, device)).source.path,
          live: true,
          saved: true,
        })
      expect(await power()).toBe('running')
      definition = { ...definition, disks: [await diskOf(root, 'vda')] }
    })

    test('another life of the driver finds the same machine in the same run', { timeout: 30_000 }, async () => {
      const again = await bench.reopen()
      expect(await find(again)).toEqual(await find())
      await again.close()
    })

    test('another instance on the same hypervisor neither sees nor touches it', { timeout: 30_000 }, async () => {
      const stranger = await bench.stranger()
      expect(granted(await stranger.list())).toEqual([])
      expect(granted(await stranger.counters()).machines.size).toBe(0)
      await stranger.cut(id)
      await stranger.undefine(id)
      expect(await stranger.start(id)).toMatchObject({ ok: false, fault: { code: 'not_found' } })
      await stranger.close()
      expect(await power()).toBe('running')
    })

    test('pauses a machine, twice, and lets it go on in the same run', { timeout: 30_000 }, async () => {
      const run = (await find())?.run
      for (let i = 0; i < 2; i++) expect(await bench.compute.pause(id)).toMatchObject({ ok: true })
      expect(await find()).toMatchObject({ power: 'paused', run })
      for (let i = 0; i < 2; i++) expect(await bench.compute.start(id)).toMatchObject({ ok: true })
      expect(await find()).toMatchObject({ power: 'running', run })
    })

    test('suspends a machine, twice: off with its memory kept, from which it goes on', { timeout: 60_000 }, async () => {
      const printed = (await consoleText()).length
      for (let i = 0; i < 2; i++) expect(await bench.compute.suspend(id)).toMatchObject({ ok: true })
      expect(await find()).toMatchObject({ power: 'suspended', cause: 'asked', run: '' })
      const again = await bench.reopen()
      expect((await find(again))?.power).toBe('suspended')
      await again.close()
      const whole = { ...definition, disks: [...definition.disks, await diskOf(data, 'vdc')] }
      expect(await bench.compute.define(whole)).toMatchObject({ ok: true })
      expect(await bench.compute.start(id)).toMatchObject({ ok: true })
      expect(await power()).toBe('running')
      // Paused before, it runs after: a start is what it says.
      for (const verb of ['pause', 'suspend', 'start'] as const) expect(await bench.compute[verb](id)).toMatchObject({ ok: true })
      expect(await power()).toBe('running')
      // It booted no second time: whatever came on the console since is no new boot.
      expect((await consoleText()).slice(printed)).not.toContain('login:')
    })

    test('cutting a suspended machine drops the memory that was kept', { timeout: 30_000 }, async () => {
      expect(await bench.compute.suspend(id)).toMatchObject({ ok: true })
      for (let i = 0; i < 2; i++) expect(await bench.compute.cut(id)).toMatchObject({ ok: true })
      expect(await power()).toBe('stopped')
      expect(await bench.compute.start(id)).toMatchObject({ ok: true })
      expect(await power()).toBe('running')
    })

    test('restarts a machine, also one that is just booting: it goes on running, in the same run', async () => {
      const run = (await find())?.run
      expect(await bench.compute.reboot(id)).toMatchObject({ ok: true })
      expect(await find()).toMatchObject({ power: 'running', run })
    }, 90_000)

    test('cuts a machine twice: off because it was asked for, watched, its definition and disk kept', {
      timeout: 30_000,
    }, async () => {
      const stamp = await bench.diskStamp(root)
      seen.length = 0
      for (let i = 0; i < 2; i++) expect(await bench.compute.cut(id)).toMatchObject({ ok: true })
      expect(await find()).toMatchObject({ power: 'stopped', cause: 'asked', run: '' })
      expect(granted(await bench.compute.counters()).machines.size).toBe(0)
      await until('a word to the watcher', settleMs, async () => seen.some(m => m === id || m === null))
      granted(await bench.storage.prepare(definition.machine))
      expect(await bench.diskStamp(root)).toBe(stamp)
    })

    test('gives and takes volumes while the machine is off', async () => {
      const [, plugged] = granted(await bench.compute.disks(id))
      if (!plugged) throw new Error('the machine has its second volume')
      for (let i = 0; i < 2; i++) granted(await bench.compute.detach(id, plugged))
      expect(await disks()).toEqual([{ volume: root, device: 'vda', live: false, saved: true }])
      granted(await bench.compute.attach(id, await diskOf(copy, 'vdd')))
      expect(await disks()).toMatchObject([{ volume: root }, { volume: copy, device: 'vdd', live: false, saved: true }])
      granted(await bench.compute.define(definition))
      granted(await bench.volumes.grow(wantedVolume(data, bench, { sizeMiB: 200 })))
      expect(granted(await bench.volumes.find(wantedVolume(data, bench)))?.sizeMiB).toBe(200)
    }, 30_000)

    test(
      'in rescue, boots from another disk, and is given its own when it runs, until it is off; that is as it was',
      slow,
      async () => {
        const stamp = await bench.diskStamp(root)
        granted(await bench.volumes.make(wantedVolume(rescue, bench)))
        granted(await bench.compute.define({ ...definition, disks: [await diskOf(rescue, 'vda')] }))
        granted(await bench.compute.start(id))
        const own = await diskOf(root, rescuedDevice)
        for (let i = 0; i < 2; i++) granted(await bench.compute.attach(id, own))
        expect(await disks()).toMatchObject([
          { volume: rescue, device: 'vda', live: true },
          { volume: root, device: rescuedDevice, live: true },
        ])
        granted(await bench.compute.cut(id))
        granted(await bench.compute.define(definition))
        expect(await disks()).toEqual([{ volume: root, device: 'vda', live: false, saved: true }])
        granted(await bench.volumes.remove(wantedVolume(rescue, bench)))
        expect(await bench.diskStamp(root)).toBe(stamp)
      },
    )

    test('takes a volume back to a snapshot once for each turn, and the machine starts from that', async () => {
      const [ofRoot] = momentOf()
      if (!ofRoot) throw new Error('its root was kept')
      const back = wantedVolume(root, bench, { reverted: { snapshot: ofRoot.id, turn: 3 } })
      const before = (await diskOf(root, 'vda')).source.path
      granted(await bench.volumes.revert(back))
      const after = (await diskOf(root, 'vda')).source.path
      expect(after === before).toBe(inCeph())
      granted(await bench.volumes.revert(back))
      expect((await diskOf(root, 'vda')).source.path).toBe(after)
      expect(granted(await bench.volumes.find(back))?.turn).toBe(3)
      definition = { ...definition, disks: [await diskOf(root, 'vda')] }
      granted(await bench.compute.define(definition))
      for (const snapshot of momentOf()) granted(await bench.volumes.removeSnapshot(snapshot))
      expect(await bench.volumes.revert(wantedVolume(root, bench, { reverted: { snapshot: ofRoot.id, turn: 4 } }))).toMatchObject(
        {
          fault: { code: 'not_found' },
        },
      )
    }, 30_000)

    test('a volume goes before its snapshot, and that before what was made from it', async () => {
      for (let i = 0; i < 2; i++) granted(await bench.volumes.remove(wantedVolume(data, bench)))
      expect(granted(await bench.volumes.hasSnapshot(wantedSnapshot(frozen, data, bench)))).toBe(true)
      expect(granted(await bench.volumes.frozen(wantedSnapshot(frozen, data, bench))).path).not.toBe('')
      for (let i = 0; i < 2; i++) granted(await bench.volumes.removeSnapshot(wantedSnapshot(frozen, data, bench)))
      expect(await bench.volumes.frozen(wantedSnapshot(frozen, data, bench))).toMatchObject({
        ok: false,
        fault: { code: 'not_found' },
      })
      expect(granted(await bench.volumes.snapshots())).toEqual([])
      expect((await diskOf(copy, 'vdd')).source.path).not.toBe('')
      granted(await bench.volumes.remove(wantedVolume(copy, bench)))
      await lies([root, data, copy], [root])
    })

    test('a second start is another run; asked to stop, the guest ends it by itself', slow, async () => {
      const first = (await bench.reopen().then(async c => [await find(c), await c.close()] as const))[0]?.run
      expect(first).toBe('')
      const printed = (await consoleText()).split('login:').length
      expect(await bench.compute.start(id)).toMatchObject({ ok: true })
      await until('a login prompt', options.bootMs, async () => (await consoleText()).split('login:').length > printed)
      for (let i = 0; i < 2; i++) expect(await bench.compute.askToStop(id)).toMatchObject({ ok: true })
      await until('the guest to be off', options.stopMs, async () => (await power()) === 'stopped')
      expect(await find()).toMatchObject({ power: 'stopped', cause: 'guest' })
    })

    test('a crash is told from all else', slow, async context => {
      if (!bench.crash) return context.skip('this driver has no way to make a guest crash')
      expect(await bench.compute.start(id)).toMatchObject({ ok: true })
      await bench.crash(id)
      await until('the crash to be seen', settleMs, async () => (await find())?.cause === 'crash')
      expect(['stopped', 'crashed']).toContain(await power())
    })

    test('undefines and removes, twice: nothing is left', slow, async () => {
      for (let i = 0; i < 2; i++) expect(await bench.compute.undefine(id)).toMatchObject({ ok: true })
      for (let i = 0; i < 2; i++) expect(await bench.storage.remove(id)).toMatchObject({ ok: true })
      // Ceph takes half a minute to see that who crashed has it open no longer.
      const removed = async () => (await bench.volumes.remove(wantedVolume(root, bench))).ok
      for (let i = 0; i < 2; i++) await until('the volume to go', options.bootMs, removed)
      await lies([root, data, copy, restored], [])
      for (let i = 0; i < 2; i++) expect(await bench.networks.apply([])).toMatchObject({ ok: true })
      expect(granted(await bench.compute.list())).toEqual([])
      expect(granted(await bench.storage.list())).toEqual([])
      expect(granted(await bench.networks.list())).toEqual([])
    })

    test('a machine made anew has a new disk and an empty console', async () => {
      const files = granted(await bench.storage.prepare(definition.machine))
      granted(await bench.volumes.make(wantedVolume(root, bench)))
      expect(await bench.networks.apply([{ network, ports: [] }])).toMatchObject({ ok: true })
      expect(await bench.compute.define({ ...definition, files })).toMatchObject({ ok: true })
      expect(await consoleText()).toBe('')
    }, 20_000)
  })
}

/** The value, or a failed test that shows the fault. */
function granted<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`refused: ${result.fault.code}: ${result.fault.message} ${result.fault.detail ?? ''}`)
  return result.value
}

/** Polls a real hypervisor until `holds`, for at most `ms`. */
async function until(what: string, ms: number, holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + ms
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`waited ${ms} ms in vain for ${what}`)
    await new Promise(resolve => setTimeout(resolve, Math.min(100, ms / 20)))
  }
}

const hostOf = (cidr: string, last: number) => `${cidr.split('.').slice(0, 3).join('.')}.${last}`

const wantedNetwork = (cidr: string): WantedNetwork => ({
  kind: 'network',
  id: 'net_01contract00000000na',
  generation: 1,
  cidr,
  gateway: hostOf(cidr, 1),
  mtu: 1500,
  domain: 'contract.internal',
  gone: false,
})

const wantedMachine = (id: string, bench: DriverBench, network: WantedNetwork): WantedMachine => ({
  kind: 'machine',
  id,
  generation: 1,
  power: 'on',
  name: 'contract',
  vcpus: 1,
  memoryMiB: 128,
  image: bench.image,
  ports: [{ id: 'prt_01contract00000000pa', network: network.id, mac: '52:54:00:c0:de:01', address: hostOf(network.cidr, 10) }],
  seed: { instanceId: 'i-0123456789abcdef0', keys: [], userData: bench.guestAgent ?? '' },
})

const wantedVolume = (id: string, bench: DriverBench, more: Partial<WantedVolume> = {}): WantedVolume => ({
  kind: 'volume',
  id,
  generation: 1,
  pool: bench.pool ?? { type: 'directory', id: 'spl_01contract00000000pa' },
  sizeMiB: 1024,
  source: { from: 'image', image: bench.image.id, files: bench.image.files.filter(({ role }) => role === 'disk') },
  attached: null,
  gone: false,
  ...more,
})

const wantedSnapshot = (id: string, volume: string, bench: DriverBench): WantedSnapshot => ({
  kind: 'snapshot',
  id,
  generation: 1,
  pool: bench.pool ?? { type: 'directory', id: 'spl_01contract00000000pa' },
  volume,
  sizeMiB: 64,
  gone: false,
})
