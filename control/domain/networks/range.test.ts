import { overlap, rangeOf } from '@sirocco/shared/kit/ipv4.ts'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { freeAddress, freeBlock, gatewayOf } from './range.ts'

describe('ranges', () => {
  test('know where they begin, whatever address they are written with', () => {
    expect(rangeOf('10.64.3.7/20')).toEqual({ first: rangeOf('10.64.0.0/20').first, size: 4096 })
    expect(gatewayOf('10.64.16.0/20')).toBe('10.64.16.1')
  })
  test('overlap as sets do', () => {
    const range = fc.record({ first: fc.integer({ min: 0, max: 30 }), size: fc.integer({ min: 1, max: 10 }) })
    const members = ({ first, size }: { first: number; size: number }) => Array.from({ length: size }, (_, i) => first + i)
    fc.assert(fc.property(range, range, (a, b) => overlap(a, b) === members(a).some(n => members(b).includes(n))))
  })
})

describe('addresses', () => {
  test('begin behind those kept back, and skip what is taken', () => {
    expect(freeAddress('10.64.0.0/29', new Set())).toBe('10.64.0.4')
    expect(freeAddress('10.64.0.0/29', new Set(['10.64.0.4']))).toBe('10.64.0.5')
  })
  test('are looked for from anywhere, and around', () => {
    expect(freeAddress('10.64.0.0/29', new Set(), 0.99)).toBe('10.64.0.6')
    expect(freeAddress('10.64.0.0/29', new Set(['10.64.0.6']), 0.99)).toBe('10.64.0.4')
  })
  test('end before the broadcast address', () => {
    expect(freeAddress('10.64.0.0/29', new Set(['10.64.0.4', '10.64.0.5', '10.64.0.6']))).toBeNull()
  })
  test('of a /24 are 251, all different', () => {
    const taken = new Set<string>()
    for (let address = freeAddress('10.64.0.0/24', taken); address !== null; address = freeAddress('10.64.0.0/24', taken))
      taken.add(address)
    expect(taken.size).toBe(251)
  })
})

describe('blocks', () => {
  test('are cut from the pool around what is taken, until it is used up', () => {
    expect(freeBlock('10.64.0.0/16', 20, [])).toBe('10.64.0.0/20')
    expect(freeBlock('10.64.0.0/16', 20, ['10.64.8.0/24', '10.64.16.0/20'])).toBe('10.64.32.0/20')
    expect(freeBlock('10.64.0.0/20', 20, ['10.64.1.0/24'])).toBeNull()
  })
})
