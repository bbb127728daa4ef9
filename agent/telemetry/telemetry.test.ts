import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { expect, test } from 'vitest'
import { VirtualTime } from '../../test/support/agent-world.ts'
import type { Counted, Counters } from '../ports/compute.ts'
import { readingOf, Telemetry } from './telemetry.ts'

const counters = (cpuMs: number, bytes = 0): Counters => ({
  cpuNs: cpuMs * 1e6,
  memoryBytes: 5,
  diskReadBytes: bytes,
  diskWrittenBytes: 0,
  receivedBytes: 0,
  sentBytes: 0,
})

/** A host whose machine has half a core busy since the epoch. */
function watched(answer?: () => Result<Counted>) {
  const time = new VirtualTime(limits.sampleWindow * 6_000_000)
  const telemetry = new Telemetry({
    host: 'hst_1',
    compute: {
      counters: async () =>
        answer?.() ?? ok({ host: counters(time.now()), machines: new Map([['vm_a', counters(time.now() / 2, time.now())]]) }),
    },
    timers: time,
    random: { next: () => 0.5, bytes: length => new Uint8Array(length) },
    log: () => {},
  })
  telemetry.start()
  return { time, telemetry }
}

test('a reading is what was used a second between two counts', () => {
  expect(readingOf(counters(1_000, 100), counters(6_000, 1_100), 10_000)).toEqual([0.5, 5, 100, 0, 0, 0])
})

test('there is none across a restart, where counting began anew', () => {
  expect(readingOf(counters(1_000), counters(10), 10_000)).toBeNull()
})

test('remembers an hour of host and machines, and answers what is newer', async () => {
  const { time, telemetry } = watched()
  await time.pass(3 * limits.sampleEvery)
  expect(telemetry.recent(null, 0)).toMatchObject([{ reading: [1, 5, 0, 0, 0, 0] }, {}])
  const own = telemetry.recent('vm_a', 0)
  expect(own).toMatchObject([{ reading: [0.5, 5, 1_000, 0, 0, 0] }, {}])
  expect(telemetry.recent('vm_a', own[0]?.at ?? 0)).toHaveLength(1)
  await time.pass(2 * limits.sampleRing * limits.sampleEvery)
  expect(telemetry.recent('vm_a', 0)).toHaveLength(limits.sampleRing)
  telemetry.stop()
})

test('makes one window of each five minutes, and keeps those that nobody kept up to a number', async () => {
  const { time, telemetry } = watched()
  let told = 0
  telemetry.onWindow(() => told++)
  const start = time.now()
  await time.pass(limits.sampleWindow + limits.sampleSpread + limits.sampleEvery)
  expect(told).toBe(1)
  expect(telemetry.windows()).toEqual([{ at: start, reading: [1, 5, 0, 0, 0, 0], machines: { vm_a: [0.5, 5, 1_000, 0, 0, 0] } }])
  telemetry.kept(start)
  expect(telemetry.windows()).toEqual([])
  await time.pass(2 * limits.sampleWindows * limits.sampleWindow)
  expect(telemetry.windows()).toHaveLength(limits.sampleWindows)
  telemetry.stop()
})

test('while the hypervisor does not answer there are no readings, and none is made up over the gap', async () => {
  let silent = false
  const { time, telemetry } = watched(() =>
    silent ? refuse('unavailable', 'no') : ok({ host: counters(time.now()), machines: new Map() }),
  )
  await time.pass(2 * limits.sampleEvery)
  silent = true
  await time.pass(3 * limits.sampleEvery)
  silent = false
  await time.pass(limits.sampleEvery)
  expect(telemetry.recent(null, 0)).toHaveLength(1)
  telemetry.stop()
})
