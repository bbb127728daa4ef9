import { overlap, rangeOf } from '@sirocco/shared/kit/ipv4.ts'
import { expect, test } from 'vitest'
import { netmask, networkAddress } from './ranges.ts'

test('ranges overlap when they share an address', () => {
  const overlapping = (a: string, b: string) => overlap(rangeOf(a), rangeOf(b)) && overlap(rangeOf(b), rangeOf(a))
  expect(overlapping('10.0.0.0/8', '10.64.3.0/24')).toBe(true)
  expect(overlapping('10.64.3.0/24', '10.64.3.255')).toBe(true)
  expect(overlapping('0.0.0.0/0', '255.255.255.255')).toBe(true)
  expect(overlapping('10.64.3.0/24', '10.64.4.0/24')).toBe(false)
  expect(overlapping('10.64.3.9/24', '10.64.3.200/28')).toBe(true)
})

test('network address and mask', () => {
  expect(networkAddress('10.64.3.77/22')).toBe('10.64.0.0')
  expect(netmask('10.64.3.0/24')).toBe('255.255.255.0')
  expect(netmask('10.64.3.0/22')).toBe('255.255.252.0')
  expect(netmask('128.0.0.0/1')).toBe('128.0.0.0')
})
