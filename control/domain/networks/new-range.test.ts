import { expect, test } from 'vitest'
import { allowed, fitsInto } from './new-range.ts'

const pools = ['10.64.0.0/12']
const faultOf = (cidr: string) => {
  const may = allowed(cidr, pools, 'cidr')
  return may.ok ? null : may.fault.message
}

test('any range may be a network’s that machines can use, from a /16 to a /28, written as it begins', () => {
  for (const cidr of ['10.0.0.0/16', '192.168.7.0/24', '203.0.113.16/28', '100.64.0.0/16']) expect(faultOf(cidr)).toBeNull()
  expect(faultOf('10.0.0.0/15')).toContain('/16')
  expect(faultOf('10.0.0.0/29')).toContain('/28')
  expect(faultOf('10.0.0.7/24')).toContain('write 10.0.0.0/24')
  for (const cidr of ['127.0.0.0/16', '169.254.0.0/16', '224.0.0.0/24', '255.255.255.0/24', '0.0.0.0/16'])
    expect(faultOf(cidr)).toContain('cannot use')
  expect(faultOf('10.70.0.0/24')).toContain('default networks')
})

test('a subnet lies within its network, beside the others; a default network takes none', () => {
  expect(fitsInto('10.0.1.0/24', '10.0.0.0/16', ['10.0.0.0/24'], 'cidr').ok).toBe(true)
  expect(fitsInto('10.1.0.0/24', '10.0.0.0/16', [], 'cidr')).toMatchObject({ fault: { code: 'invalid' } })
  expect(fitsInto('10.0.0.0/15', '10.0.0.0/16', [], 'cidr')).toMatchObject({ fault: { code: 'invalid' } })
  expect(fitsInto('10.0.0.128/25', '10.0.0.0/16', ['10.0.0.0/24'], 'cidr')).toMatchObject({ fault: { code: 'conflict' } })
  expect(fitsInto('10.0.0.0/24', null, [], 'cidr')).toMatchObject({ fault: { code: 'precondition' } })
})
