import { expect, test } from 'vitest'
import { rangeOf } from './range.ts'

test.each([
  ['bytes=0-99', { offset: 0, length: 100 }],
  ['bytes=100-', { offset: 100 }],
  ['bytes=5-5', { offset: 5, length: 1 }],
  ['bytes=5-4', null],
  ['bytes=-5', null],
  ['bytes=0-1,4-5', null],
  ['lines=0-1', null],
  ['bytes=0x10-', null],
  [null, null],
])('the range %j reads as %j', (header, expected) => {
  expect(rangeOf(header)).toEqual(expected)
})
