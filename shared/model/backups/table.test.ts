import { describe, expect, test } from 'vitest'
import { chunkBytes, decodeTable, type Entry, encodeTable, regionTableBytes, rootLevel, spanOf, tableEntries } from './table.ts'

const bak = (n: number) => `bak_${String(n).padStart(20, '0')}`
const sha256 = (n: number) => n.toString(16).padStart(64, '0')
/** The longest that there is: every place of another maker. */
const full = new Map(Array.from({ length: tableEntries }, (_, n) => [n, { maker: bak(n), slot: n, sha256: sha256(n) }] as const))
const of = (level: number, index: number, entries: ReadonlyMap<number, Entry> = full) => ({ level, index, entries })

describe('a table', () => {
  test.each([0, 1, 2, 3])('of level %i is read as it was written', level => {
    const table = of(level, 5)
    expect(decodeTable(encodeTable(table), table)).toEqual({ ok: true, value: table })
  })

  test('together with those above it costs less than half a chunk, however full they are', () => {
    const region = encodeTable(of(0, 1)).length
    const above = [1, 2, 3].reduce((sum, level) => sum + encodeTable(of(level, 0)).length, 0)
    expect(region).toBe(regionTableBytes)
    expect(region + above).toBeLessThanOrEqual(chunkBytes / 2)
  })

  test('of the root stands for the largest volume', () => {
    expect(spanOf(rootLevel)).toBe(16 * 2 ** 40)
  })

  test.each([
    ['of another place', encodeTable(of(1, 4)), of(1, 5)],
    ['of another level', encodeTable(of(2, 5)), of(1, 5)],
    ['that ends too early', encodeTable(of(1, 5)).subarray(0, 900), of(1, 5)],
    ['that is none', new Uint8Array(8_192), of(0, 0)],
    [
      'whose maker is no backup',
      encodeTable(of(1, 5, new Map([[0, { maker: '../../../images/1234567', slot: 0, sha256: sha256(1) }]]))),
      of(1, 5),
    ],
  ])('%s is refused', (_, bytes, at) => {
    expect(decodeTable(bytes, at).ok).toBe(false)
  })
})
