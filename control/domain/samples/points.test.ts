import { hour, minute, second } from '@sirocco/shared/kit/clock.ts'
import { expect, test } from 'vitest'
import { pointsOf, stepFor } from './points.ts'

test('an hour is shown in tens of seconds, a day in minutes, a fortnight in hours', () => {
  expect([stepFor(hour), stepFor(6 * hour), stepFor(24 * hour), stepFor(14 * 24 * hour)]).toEqual([
    10 * second,
    minute,
    5 * minute,
    hour,
  ])
})

test('a step is the average of what was read in it; where nothing was, there is no point', () => {
  const at = (ms: number, cpu: number) => ({
    at: ms,
    reading: [cpu, 10, 0, 0, 0, 0] as [number, number, number, number, number, number],
  })
  expect(pointsOf([at(190_000, 4), at(10_000, 1), at(20_000, 2)], minute)).toEqual([
    { at: 0, reading: [1.5, 10, 0, 0, 0, 0] },
    { at: 180_000, reading: [4, 10, 0, 0, 0, 0] },
  ])
})
