import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cursorOf, placeOf } from './cursor.ts'

describe('a cursor', () => {
  test('stands for the place it was made of, and can stand in a URL', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), place => {
        const cursor = cursorOf(place)
        expect(cursor).toMatch(/^[\w-]*$/)
        expect(placeOf(cursor)).toEqual({ ok: true, value: place })
      }),
    )
  })
  test('is the beginning where there is none', () => {
    expect(placeOf(undefined)).toEqual({ ok: true, value: null })
  })
  test.each(['', 'vm_1', '%%%', 'MjpY'])('is refused when it is not one of ours: %j', cursor => {
    expect(placeOf(cursor)).toMatchObject({ ok: false, fault: { code: 'invalid', field: 'cursor' } })
  })
})
