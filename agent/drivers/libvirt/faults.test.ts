import { expect, test } from 'vitest'
import { faultOf } from './faults.ts'

const code = (code: number, message = 'words') => faultOf({ kind: 'libvirt', code, message }).fault

test.each([
  [42, 'not_found'],
  [55, 'precondition'],
  [27, 'invalid'],
  [67, 'invalid'],
  [87, 'unavailable'],
  [1, 'internal'],
  [9_999, 'internal'],
] as const)('libvirt error %i is %s', (number, expected) => {
  expect(code(number)).toMatchObject({ code: expected, detail: expect.stringContaining('words') })
})

test('no room is told by words, since its code says only that something went wrong', () => {
  expect(code(1, "cannot set up guest memory 'pc.ram': Cannot allocate memory").code).toBe('capacity')
  expect(code(38, 'write: No space left on device').code).toBe('capacity')
})

test('a lost connection can be tried again', () => {
  expect(faultOf({ kind: 'lost', message: 'closed' }).fault).toMatchObject({ code: 'unavailable', detail: 'closed' })
})
