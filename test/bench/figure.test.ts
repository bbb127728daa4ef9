import { describe, expect, it } from 'vitest'
import { figure, median } from './figure.ts'

describe('a figure', () => {
  it('is the middle value, or the mean of the two in the middle', () => {
    expect(median([9, 1, 5])).toBe(5)
    expect(median([4, 1, 9, 2])).toBe(3)
    expect(() => median([])).toThrow(RangeError)
  })
  it('is set against the median of its baseline', () => {
    expect(figure('launch', 'ms', [300, 200, 220], [100, 110, 120])).toEqual({
      name: 'launch',
      value: 220,
      unit: 'ms',
      baseline: 110,
      ratio: 2,
      runs: 3,
    })
    expect(figure('start', 's', [1.23456])).toMatchObject({ value: 1.235, baseline: null, ratio: null, runs: 1 })
  })
})
