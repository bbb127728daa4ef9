import { hour } from '@sirocco/shared/kit/clock.ts'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { costOf, cutsOf, forecastOf, type Price, priceAt } from './price.ts'

const day = 24 * hour
let made = 0
const price = (more: Partial<Price>): Price => ({
  ...{ id: `prc_${made++}`, kind: 'machine', what: '', micros: 1_000_000, from: 0, until: null },
  ...more,
})

test('the price of the thing itself counts before that of any, and a later one before an earlier', () => {
  const prices = [
    price({ micros: 1 }),
    price({ micros: 2, from: 10 * day }),
    price({ micros: 3, what: 't3.micro', from: 5 * day, until: 15 * day }),
    price({ micros: 4, kind: 'sent' }),
  ]
  const at = (days: number, what = 't3.micro') => priceAt(prices, 'machine', what, days * day)?.micros ?? null
  expect([at(0), at(5), at(14), at(15), at(4, 't3.nano'), at(10, 't3.nano')]).toEqual([1, 3, 3, 2, 1, 2])
  expect(priceAt(prices, 'volume', 'spl_1', 0)).toBeNull()
  expect(cutsOf(prices, 0, 12 * day)).toEqual([5 * day, 10 * day])
})

test('an hour costs its price, a GiB-month too, to the millionth and without a fraction', () => {
  expect(costOf(3_600, 'machine', { micros: 12_345 })).toBe(12_345)
  expect(costOf(1_800, 'machine', { micros: 3 })).toBe(2)
  expect(costOf(1_024 * 730 * 3_600, 'volume', { micros: 40_000 })).toBe(40_000)
  expect(costOf(2 ** 30, 'sent', { micros: 90_000 })).toBe(90_000)
  expect(costOf(5, 'sent', null)).toBe(0)
})

test('a cost is never further from what it is than half of a millionth, however much is used', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.nat({ max: 1_000_000_000 }), (amount, micros) => {
      const unit = 1_073_741_824n
      const off = 2n * (BigInt(amount) * BigInt(micros)) - 2n * unit * BigInt(costOf(amount, 'sent', { micros }))
      // Beyond 2^53 millionths nobody counts.
      return BigInt(amount) * BigInt(micros) > 2n ** 53n * unit || (off <= unit && off >= -unit)
    }),
  )
})

test('a month comes to what its hours so far say', () => {
  const month = { from: 0, to: 30 * day }
  expect(forecastOf(100, month, 10 * day)).toBe(300)
  expect([forecastOf(100, month, 0), forecastOf(100, month, 31 * day)]).toEqual([0, 100])
})
