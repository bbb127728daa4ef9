import { overlap, rangeOf } from '@sirocco/shared/kit/ipv4.ts'
import { type Random, seeded } from '@sirocco/shared/kit/random.ts'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addressesOf, freeBlock, gatewayOf } from './range.ts'

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
  const all = Number.POSITIVE_INFINITY
  /** Always so far of the way. */
  const at = (next: number): Random => ({ next: () => next, bytes: length => new Uint8Array(length) })

  test('begin behind those kept back, and end before the broadcast address', () => {
    expect(addressesOf('10.64.0.0/29', all, at(0))).toEqual(['10.64.0.4', '10.64.0.5', '10.64.0.6'])
  })
  test('go on from anywhere, and around', () => {
    expect(addressesOf('10.64.0.0/29', all, at(0.99))).toEqual(['10.64.0.6', '10.64.0.4', '10.64.0.5'])
    expect(addressesOf('10.64.0.0/29', 2, at(0.99))).toEqual(['10.64.0.6', '10.64.0.4'])
  })
  test('of a /24 are 251, all different', () => {
    expect(new Set(addressesOf('10.64.0.0/24', all, seeded(1))).size).toBe(251)
  })
  test('are none in a range that is too small to have any', () => {
    expect(addressesOf('10.64.0.0/30', all, at(0))).toEqual([])
  })
})

describe('blocks', () => {
  test('are cut from the pool around what is taken, until it is used up', () => {
    expect(freeBlock('10.64.0.0/16', 20, [])).toBe('10.64.0.0/20')
    expect(freeBlock('10.64.0.0/16', 20, ['10.64.8.0/24', '10.64.16.0/20'])).toBe('10.64.32.0/20')
    expect(freeBlock('10.64.0.0/20', 20, ['10.64.1.0/24'])).toBeNull()
  })
})
