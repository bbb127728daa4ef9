import { expect, test } from 'vitest'
import { microsOf, textOf } from './money.ts'

test('an amount is taken to the millionth, with a point or a comma, and nothing else is', () => {
  expect(['12', '12.5', '0,011', '0.000001', ' 3 '].map(microsOf)).toEqual([12_000_000, 12_500_000, 11_000, 1, 3_000_000])
  expect(['', '-1', '1.2.3', '1e3', 'x', '0.0000001', '1234567890'].map(microsOf)).toEqual(Array(7).fill(null))
  expect(microsOf(textOf(1_234_567))).toBe(1_234_567)
})
