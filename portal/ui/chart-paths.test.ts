import { expect, it } from 'vitest'
import { nearest, pathOf, scaleOf } from './chart-paths.ts'

const line = (...values: number[]) => ({ word: '', points: values.map((value, i) => ({ at: i * 10, value })) })
const as = (value: number) => value

it('ends the scale on a round number above what is shown, and never below what there is in all', () => {
  expect(scaleOf([line(3, 41)], 0)).toBe(50)
  expect(scaleOf([line(0.03), line(0.12)], 0)).toBeCloseTo(0.2)
  expect(scaleOf([line(3)], 8)).toBe(8)
  expect(scaleOf([line(9)], 8)).toBe(9)
  expect([scaleOf([], 0), scaleOf([line(0)], 0)]).toEqual([1, 1])
})

it('draws one line, broken where nothing was read', () => {
  const { points } = line(1, 2, 3)
  expect(pathOf(points, 10, as, as)).toBe('M0 1L10 2L20 3')
  expect(pathOf([...points, { at: 50, value: 4 }], 10, as, as)).toBe('M0 1L10 2L20 3M50 4')
  expect(pathOf([], 10, as, as)).toBe('')
})

it('finds the moment that is meant', () => {
  expect(nearest([0, 10, 20], 14)).toBe(1)
  expect(nearest([0, 10, 20], -5)).toBe(0)
  expect(nearest([], 3)).toBe(-1)
})
