import { expect, test } from 'vitest'
import { countersOf } from './counters.ts'

test('sums what all disks and interfaces did, and takes memory from the guest where it tells', () => {
  const figures = new Map<string, number | string>([
    ['cpu.time', 5_000],
    ['balloon.rss', 100],
    ['net.count', 2],
    ['net.0.name', 'tap0'],
    ['net.0.rx.bytes', 1],
    ['net.1.rx.bytes', 2],
    ['net.1.tx.bytes', 4],
    ['block.count', 2],
    ['block.0.rd.bytes', 8],
    ['block.1.rd.bytes', 16],
    ['block.0.wr.bytes', 32],
  ])
  expect(countersOf(figures)).toEqual({
    cpuNs: 5_000,
    memoryBytes: 100 * 1024,
    diskReadBytes: 24,
    diskWrittenBytes: 32,
    receivedBytes: 3,
    sentBytes: 4,
  })
  expect(countersOf(new Map([...figures, ['balloon.available', 90], ['balloon.unused', 30]])).memoryBytes).toBe(60 * 1024)
})

test('a domain that says nothing uses nothing', () => {
  expect(Object.values(countersOf(new Map()))).toEqual([0, 0, 0, 0, 0, 0])
})
