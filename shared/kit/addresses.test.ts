import { expect, test } from 'vitest'
import { isPublicAddress, isRange, isWithin } from './addresses.ts'

test.each([
  '127.0.0.1',
  '0.0.0.0',
  '10.1.2.3',
  '172.31.0.1',
  '192.168.1.1',
  '169.254.169.254',
  '100.64.0.1',
  '224.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  '::ffff:127.0.0.1',
  '::ffff:a9fe:a9fe',
  '::7f00:1',
  '64:ff9b::10.0.0.1',
  '64:ff9b:1::1',
  '2002:7f00:1::1',
  '2002:a00:1::',
  '2001:0:1::1',
  '2001:db8::1',
  'fe80::1',
  'fc00::1',
  'fd12:3456::1',
  'ff02::1',
  '1.2.3',
  '01.2.3.4',
  'fe80::1%eth0',
  'example.org',
  '',
])('%s is not public', address => {
  expect(isPublicAddress(address)).toBe(false)
})

test.each(['8.8.8.8', '172.32.0.1', '2a00:1450::1', '::ffff:8.8.8.8', '64:ff9b::808:808', '2002:808:808::1'])(
  '%s is public',
  address => {
    expect(isPublicAddress(address)).toBe(true)
  },
)

test('a range holds what is in it, mapped too, and nothing beside', () => {
  expect(isWithin('127.0.0.1', ['10.0.0.0/8', '127.0.0.1'])).toBe(true)
  expect(isWithin('::ffff:10.9.9.9', ['10.0.0.0/8'])).toBe(true)
  expect(isWithin('11.0.0.1', ['10.0.0.0/8', 'fd00::/8'])).toBe(false)
  expect(isWithin('fd00::1', ['10.0.0.0/8', 'fd00::/8'])).toBe(true)
  expect(isWithin('x', ['0.0.0.0/0'])).toBe(false)
  expect(['10.0.0.0/8', '::1', 'fd00::/8'].every(isRange)).toBe(true)
  expect(['10.0.0.0/33', 'x', '10.0.0.0/8/8', ''].some(isRange)).toBe(false)
})
