import { expect, test } from 'vitest'
import { Malformed, XdrReader, XdrWriter, xdrLimits } from './xdr.ts'

test('what is written is read back', () => {
  const bytes = new XdrWriter()
    .int(-1)
    .uint(0xffff_ffff)
    .string('é!')
    .fixed(Uint8Array.of(1, 2, 3, 4))
    .optional('there', (w, text) => w.string(text))
    .optional<string>(null, () => undefined)
    .bytes()
  const reader = new XdrReader(bytes)
  expect(reader.int()).toBe(-1)
  expect(reader.uint()).toBe(0xffff_ffff)
  expect(reader.string()).toBe('é!')
  expect([...reader.fixed(4)]).toEqual([1, 2, 3, 4])
  expect(reader.optional(r => r.string())).toBe('there')
  expect(reader.optional(r => r.string())).toBeNull()
  expect(reader.left).toBe(0)
})

test('strings are padded to four bytes', () => {
  expect(new XdrWriter().string('abcde').bytes().toString('hex')).toBe('000000056162636465000000')
})

test('nothing is read past the end, whatever lengths are claimed', () => {
  for (const hex of ['', '000000', '00000005616263', 'ffffffff', '7fffffff00000000'])
    expect(() => new XdrReader(Buffer.from(hex, 'hex')).string(), hex).toThrow(Malformed)
})

test('a list longer than libvirt ever sends is refused before anything is read of it', () => {
  const bytes = new XdrWriter().uint(xdrLimits.list + 1).bytes()
  expect(() => new XdrReader(bytes).list(r => r.int())).toThrow(Malformed)
})

test('a string longer than libvirt takes is not written', () => {
  expect(() => new XdrWriter().string('x'.repeat(xdrLimits.string + 1))).toThrow(RangeError)
})

test('a boolean is 0 or 1', () => {
  expect(() => new XdrReader(Buffer.from('00000002', 'hex')).optional(r => r.int())).toThrow(Malformed)
})
