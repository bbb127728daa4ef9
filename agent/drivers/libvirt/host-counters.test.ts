import { expect, test } from 'vitest'
import { busyTicks, diskBytes, memoryInUse, networkBytes, routedInterfaces } from './host-counters.ts'

test('counts as busy all but idling and waiting for disks, guests once', () => {
  expect(busyTicks('cpu  10 20 30 4000 500 6 7 8 9 0\ncpu0 1 2 3 4 5 6 7 8 9 0\n')).toBe(10 + 20 + 30 + 6 + 7 + 8)
})

test('counts as used memory what programs cannot have', () => {
  expect(memoryInUse('MemTotal:       1000 kB\nMemFree:         100 kB\nMemAvailable:    600 kB\n')).toBe(400 * 1024)
})

test('counts whole disks alone', () => {
  const stats = [
    '   8       0 sda 5 0 100 1 6 0 200 1 0 1 1',
    '   8       1 sda1 5 0 100 1 6 0 200 1 0 1 1',
    ' 259       0 nvme0n1 5 0 10 1 6 0 20 1 0 1 1',
    ' 253       0 dm-0 5 0 100 1 6 0 200 1 0 1 1',
    '   7       0 loop0 5 0 100 1 6 0 200 1 0 1 1',
  ]
  expect(diskBytes(stats.join('\n'))).toEqual({ read: 110 * 512, written: 220 * 512 })
})

test('counts the named interfaces alone', () => {
  const dev = 'Inter-|\n    lo: 9 0 0 0 0 0 0 0 9 0 0 0 0 0 0 0\n  eth0: 100 1 0 0 0 0 0 0 200 1 0 0 0 0 0 0\n'
  expect(networkBytes(dev, new Set(['eth0']))).toEqual({ received: 100, sent: 200 })
})

test('finds where the default route goes', () => {
  expect(routedInterfaces('Iface\tDestination\tGateway\neth0\t00000000\t0101A8C0\neth1\t0001A8C0\t0\n')).toEqual(['eth0'])
})
