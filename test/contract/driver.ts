import type { Compute, Definition, FoundMachine } from '@sirocco/agent/ports/compute.ts'
import type { Networks } from '@sirocco/agent/ports/network.ts'
import type { Storage } from '@sirocco/agent/ports/storage.ts'
import type { Result } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import type { WantedMachine, WantedNetwork } from '@sirocco/shared/wire/objects.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

/** A hypervisor under test: one instance's three ports on one host, and what only a test may do to it. */
export interface DriverBench {
  readonly compute: Compute
  readonly storage: Storage
  readonly networks: Networks
  /** An image that boots to a login prompt on the serial console and shuts down when the power button is pressed. */
  readonly image: WantedMachine['image']
  bytesOf(sha256: string): AsyncIterable<Uint8Array>
  /** A range nothing else on this host uses, /24. */
  readonly cidr: string
  /** Another life of the driver: the same instance on the same hypervisor. The suite closes it. */
  reopen(): Promise<Compute>
  /** The driver of another instance on the same hypervisor. The suite closes it. */
  stranger(): Promise<Compute>
  /** Changes when the machine's disk is made anew. */
  diskStamp(machine: string): Promise<string>
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
      await bench.networks.apply([])
      await bench.close()
    }, 60_000)

    const find = async (compute: Compute = bench.compute): Promise<FoundMachine | undefined> =>
      granted(await compute.list()).find(m => m.id === id)
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
      for (const verb of ['start', 'askToStop', 'reboot', 'consoleLog'] as const)
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
      const machine = wantedMachine(id, bench, network)
      const files = machine.image.files.map(file => ({ ...file, sha256: 'cd'.repeat(32) }))
      expect(await bench.storage.prepare({ ...machine, image: { ...machine.image, files } })).toMatchObject({ ok: false })
      expect(granted(await bench.storage.list())).not.toContain(id)
    })

    test('keeps an image twice and has it', async () => {
      for (const file of [...bench.image.files, ...bench.image.files])
        expect(await bench.storage.keep(file, bench.bytesOf(file.sha256))).toMatchObject({ ok: true })
      for (const file of bench.image.files) expect(await bench.storage.has(file.sha256)).toBe(true)
    }, 60_000)

    test('makes disk and seed twice: the same files, the disk left as it is', async () => {
      const machine = wantedMachine(id, bench, network)
      const first = granted(await bench.storage.prepare(machine))
      const stamp = await bench.diskStamp(id)
      expect(granted(await bench.storage.prepare(machine))).toEqual(first)
      expect(await bench.diskStamp(id)).toBe(stamp)
      expect(granted(await bench.storage.list())).toEqual([id])
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
      definition = { machine, files, plugs: machine.ports.map(port => bench.networks.plug(port, network)) }
      for (let i = 0; i < 2; i++) expect(await bench.compute.define(definition)).toMatchObject({ ok: true })
      expect(granted(await bench.compute.list())).toMatchObject([{ id, power: 'stopped', run: '' }])
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

    test('refuses to reset, or to join the console of, a machine that is off', async () => {
      expect(await bench.compute.reboot(id)).toMatchObject({ ok: false })
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

    test('another life of the driver finds the same machine in the same run', { timeout: 30_000 }, async () => {
      const again = await bench.reopen()
      expect(await find(again)).toEqual(await find())
      await again.close()
    })

    test('another instance on the same hypervisor neither sees nor touches it', { timeout: 30_000 }, async () => {
      const stranger = await bench.stranger()
      expect(granted(await stranger.list())).toEqual([])
      await stranger.cut(id)
      await stranger.undefine(id)
      expect(await stranger.start(id)).toMatchObject({ ok: false, fault: { code: 'not_found' } })
      await stranger.close()
      expect(await power()).toBe('running')
    })

    test('resets a machine: it goes on running', async () => {
      expect(await bench.compute.reboot(id)).toMatchObject({ ok: true })
      expect(await power()).toBe('running')
    }, 30_000)

    test('cuts a machine twice: off because it was asked for, watched, its definition and disk kept', {
      timeout: 30_000,
    }, async () => {
      const stamp = await bench.diskStamp(id)
      seen.length = 0
      for (let i = 0; i < 2; i++) expect(await bench.compute.cut(id)).toMatchObject({ ok: true })
      expect(await find()).toMatchObject({ power: 'stopped', cause: 'asked', run: '' })
      await until('a word to the watcher', settleMs, async () => seen.some(m => m === id || m === null))
      granted(await bench.storage.prepare(definition.machine))
      expect(await bench.diskStamp(id)).toBe(stamp)
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

    test('undefines and removes, twice: nothing is left', { timeout: 30_000 }, async () => {
      for (let i = 0; i < 2; i++) expect(await bench.compute.undefine(id)).toMatchObject({ ok: true })
      for (let i = 0; i < 2; i++) expect(await bench.storage.remove(id)).toMatchObject({ ok: true })
      for (let i = 0; i < 2; i++) expect(await bench.networks.apply([])).toMatchObject({ ok: true })
      expect(granted(await bench.compute.list())).toEqual([])
      expect(granted(await bench.storage.list())).toEqual([])
      expect(granted(await bench.networks.list())).toEqual([])
    })

    test('a machine made anew has a new disk and an empty console', async () => {
      const files = granted(await bench.storage.prepare(definition.machine))
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
  diskMiB: 1024,
  image: bench.image,
  ports: [{ id: 'prt_01contract00000000pa', network: network.id, mac: '52:54:00:c0:de:01', address: hostOf(network.cidr, 10) }],
  seed: { instanceId: 'i-0123456789abcdef0', keys: [], userData: '' },
})
