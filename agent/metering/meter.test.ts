import { hour, minute } from '@sirocco/shared/kit/clock.ts'
import { ok } from '@sirocco/shared/kit/fault.ts'
import { seeded } from '@sirocco/shared/kit/random.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import type { UsageFrame } from '@sirocco/shared/wire/frames.ts'
import { expect, test } from 'vitest'
import { quiet, VirtualTime } from '../../test/support/agent-world.ts'
import { MemoryDisk } from '../disk/memory.ts'
import type { Metered } from '../reconcile/metered.ts'
import { Ledger } from './ledger.ts'
import { Meter } from './meter.ts'

const file = 'usage-hst_1.jsonl'
const machine = (id: string, run = '1') => ({ id, run, vcpus: 2, memoryMiB: 512 })

/** A host whose disk outlives the lives of its meter; one byte a millisecond comes to each machine. */
async function host(start = 500_000 * hour) {
  const time = new VirtualTime(start)
  const disk = new MemoryDisk()
  const random = seeded(1)
  const at = {
    time,
    disk,
    now: { machines: [], volumes: [], unknown: [] } as Metered | null,
    meter: await begun(),
    live: async () => {
      at.meter = await begun()
      at.meter.start()
    },
    /** Ends without a word. */
    kill: () => {
      for (const timer of at.timers) timer.cancel()
      at.timers = []
    },
    timers: [] as { cancel(): void }[],
    told: [] as UsageFrame[],
    /** Everything is told, and acknowledged. */
    async tell() {
      for (let frame = at.meter.next(); frame; frame = at.meter.next()) {
        at.told.push(frame)
        await at.meter.kept(frame.series, frame.record.n)
      }
    },
    seconds: (id: string) => at.told.flatMap(f => f.record.machines.filter(m => m.id === id)).reduce((n, m) => n + m.seconds, 0),
  }
  async function begun(): Promise<Meter> {
    const ledger = await Ledger.open(disk, file, random)
    const timers = {
      now: () => time.now(),
      after: (ms: number, run: () => void) => {
        const timer = time.after(ms, run)
        at.timers.push(timer)
        return timer
      },
    }
    const counters = async () => {
      const bytes = time.now() - start
      const of = { cpuNs: 0, memoryBytes: 0, diskReadBytes: 0, diskWrittenBytes: 0, receivedBytes: bytes, sentBytes: 0 }
      return ok({ host: of, machines: new Map((at.now?.machines ?? []).map(({ id }) => [id, of])) })
    }
    return new Meter({
      ...{ host: 'hst_1', ledger, timers, random, log: () => {}, every: limits.usageEvery },
      metered: () => at.now,
      compute: { counters },
    })
  }
  at.meter.start()
  await time.pass(limits.usageLook)
  return at
}

test('seconds of machines, and sizes times seconds of volumes, are counted by the hour that they fall into', async () => {
  const at = await host(500_000 * hour + 50 * minute)
  at.now = { machines: [machine('vm_a')], volumes: [{ id: 'vol_a', pool: 'spl_1', sizeMiB: 100 }], unknown: [] }
  await at.time.pass(limits.usageLook)
  await at.time.pass(20 * minute)
  at.now = { machines: [], volumes: [], unknown: [] }
  await at.time.pass(limits.usageLook)
  await at.meter.stop()
  await at.tell()
  const byHour = Map.groupBy(at.told, f => f.record.hour)
  expect([...byHour.keys()]).toEqual([500_000 * hour, 500_001 * hour])
  expect(at.seconds('vm_a')).toBe((20 * minute + limits.usageLook) / 1_000)
  const mib = at.told.flatMap(f => f.record.volumes).reduce((n, v) => n + v.mibSeconds, 0)
  expect(mib).toBe(at.seconds('vm_a') * 100)
  expect(at.told.map(f => f.record.n)).toEqual(at.told.map((_, i) => i + 1))
})

test('an agent that was killed goes on with what ran all the while, and with nothing that was started anew', async () => {
  const at = await host()
  at.now = { machines: [machine('vm_a'), machine('vm_b')], volumes: [], unknown: [] }
  await at.time.pass(5 * minute)
  at.kill()
  await at.time.pass(30 * minute)
  at.now = { machines: [machine('vm_a'), machine('vm_b', '2')], volumes: [], unknown: [] }
  await at.live()
  await at.time.pass(hour)
  await at.meter.stop()
  await at.tell()
  const whole = (35 * minute + hour) / 1_000
  expect(at.seconds('vm_a')).toBeGreaterThanOrEqual(whole - 20)
  expect(at.seconds('vm_a')).toBeLessThanOrEqual(whole)
  expect(at.seconds('vm_b')).toBeLessThanOrEqual(whole - (30 * minute) / 1_000)
})

test('a volume that an agent has not looked at yet lies where it lay', async () => {
  const at = await host()
  const volume = { id: 'vol_a', pool: 'spl_1', sizeMiB: 1 }
  at.now = { machines: [], volumes: [volume], unknown: [] }
  await at.time.pass(5 * minute)
  at.kill()
  await at.time.pass(minute)
  at.now = { machines: [], volumes: [], unknown: ['vol_a'] }
  await at.live()
  await at.time.pass(minute)
  at.now = { machines: [], volumes: [volume], unknown: [] }
  await at.time.pass(5 * minute)
  await at.meter.stop()
  await at.tell()
  const mib = at.told.flatMap(f => f.record.volumes).reduce((n, v) => n + v.mibSeconds, 0)
  expect(mib).toBeGreaterThanOrEqual((12 * minute) / 1_000 - 20)
  expect(mib).toBeLessThanOrEqual((12 * minute) / 1_000)
})

test('a clock that jumps counts at most a minute of it', async () => {
  const at = await host()
  at.now = { machines: [machine('vm_a')], volumes: [], unknown: [] }
  await at.time.pass(10 * minute)
  at.time.jump(5 * hour)
  await at.time.pass(10 * minute)
  at.time.jump(-6 * hour)
  await at.time.pass(10 * minute)
  await at.meter.stop()
  await at.tell()
  expect(at.seconds('vm_a')).toBeGreaterThanOrEqual((30 * minute) / 1_000 - 40)
  expect(at.seconds('vm_a')).toBeLessThanOrEqual((31 * minute) / 1_000)
})

test('bytes of a machine that began under its eyes are counted from its start, those of before it was looked at never', async () => {
  const at = await host()
  at.now = { machines: [machine('vm_a')], volumes: [], unknown: [] }
  await at.time.pass(hour)
  await at.meter.close()
  await at.tell()
  const received = at.told.flatMap(f => f.record.machines).reduce((n, m) => n + m.received, 0)
  expect(received).toBe(hour + limits.usageLook)
})

test('what was told changes no more; what was not goes into one record of its hour', async () => {
  const at = await host()
  at.now = { machines: [machine('vm_a')], volumes: [], unknown: [] }
  await at.time.pass(40 * minute)
  await at.meter.close()
  expect(at.meter.next()?.record.n).toBe(1)
  const [first] = at.meter.next()?.record.machines ?? []
  await at.time.pass(10 * minute)
  await at.meter.close()
  expect(at.meter.next()?.record.machines).toEqual([first])
  await at.tell()
  expect(at.told.map(f => f.record.n)).toEqual([1, 2])
})

test('another incarnation is told again what was acknowledged before', async () => {
  const at = await host()
  await at.meter.linked('one')
  at.now = { machines: [machine('vm_a')], volumes: [], unknown: [] }
  await at.time.pass(3 * hour)
  await at.meter.close()
  await at.tell()
  const before = at.told.map(f => f.record)
  expect(at.meter.next()).toBeNull()
  await at.meter.linked('one')
  expect(at.meter.next()).toBeNull()
  await at.meter.linked('two')
  at.told = []
  await at.tell()
  expect(at.told.map(f => f.record)).toEqual(before)
  expect(at.told[0]?.oldest).toBe(1)
})

test('a line that a crash tore never counted, and nothing is counted twice for it', async () => {
  const at = await host()
  at.now = { machines: [machine('vm_a')], volumes: [], unknown: [] }
  await at.time.pass(10 * minute)
  await at.meter.close()
  at.kill()
  const content = (await at.disk.read(file)) ?? ''
  await at.disk.replace(file, content.slice(0, -20))
  await at.live()
  await at.time.pass(10 * minute)
  await at.meter.stop()
  await at.tell()
  expect(at.seconds('vm_a')).toBeLessThanOrEqual((20 * minute) / 1_000)
  expect(at.seconds('vm_a')).toBeGreaterThan((19 * minute) / 1_000)
})

test('while the disk takes nothing, nothing is told and nothing is lost', async () => {
  const at = await host()
  at.now = { machines: [machine('vm_a')], volumes: [], unknown: [] }
  await at.time.pass(minute)
  const append = at.disk.append.bind(at.disk)
  const replace = at.disk.replace.bind(at.disk)
  const full = async () => Promise.reject(new Error('no space'))
  Object.assign(at.disk, { append: full, replace: full })
  await at.time.pass(hour)
  Object.assign(at.disk, { append, replace })
  await at.meter.stop()
  await quiet()
  await at.tell()
  expect(at.seconds('vm_a')).toBeGreaterThanOrEqual((hour + minute) / 1_000 - 20)
  expect(at.seconds('vm_a')).toBeLessThanOrEqual((hour + minute) / 1_000)
})
