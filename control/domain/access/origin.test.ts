import { expect, test } from 'vitest'
import { prefixOf } from './origin.ts'

const of = (address: string | null) => prefixOf({ address, device: '' })

test('an IPv4 address is counted whole, however it is written', () => {
  expect(of('203.0.113.7')).toBe('203.0.113.7')
  expect(of('::ffff:203.0.113.7')).toBe('203.0.113.7')
  expect(of('203.0.113.8')).not.toBe(of('203.0.113.7'))
})

test('an IPv6 address is counted by its /64, however it is written', () => {
  expect(of('2001:db8:0:1::7')).toBe('2001:db8:0:1::/64')
  expect(of('2001:0DB8::1:8000:0:0:9')).toBe(of('2001:db8:0:1:8000:0:0:9'))
  expect(of('2001:db8:0:1:ffff:ffff:ffff:ffff')).toBe(of('2001:db8:0:1::7'))
  expect(of('2001:db8:0:2::7')).not.toBe(of('2001:db8:0:1::7'))
  expect(of('::1')).toBe('0:0:0:0::/64')
  expect(of('fe80::1%eth0')).toBe('fe80:0:0:0::/64')
})

test('who is not told of is on the machine itself', () => {
  expect(of(null)).toBe('here')
})
