import { expect, test } from 'vitest'
import { firstSubnet, isRange } from './network-range.ts'

test('a range is an address and a prefix', () => {
  for (const good of ['10.0.0.0/16', '192.168.255.240/28']) expect(isRange(good), good).toBe(true)
  for (const bad of ['', '10.0.0.0', '10.0.0.256/24', '10.0.0.0/33', 'fd00::/64', '10.0.0/24'])
    expect(isRange(bad), bad).toBe(false)
})

test('the first subnet that is offered has 256 addresses, or all of a smaller range; of what is no range nothing is made', () => {
  expect(firstSubnet('10.0.0.0/16')).toBe('10.0.0.0/24')
  expect(firstSubnet(' 10.0.0.0/26 ')).toBe('10.0.0.0/26')
  expect(firstSubnet('10.0.')).toBe('10.0.')
})
