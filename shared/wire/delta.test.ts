import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { limits } from '../model/limits.ts'
import { ObjectSet, split } from './delta.ts'

const object = fc.record({
  kind: fc.constantFrom('machine', 'network'),
  id: fc.integer({ min: 0, max: 20 }).map(String),
  value: fc.integer({ min: 0, max: 3 }),
})
const set = fc.array(object, { maxLength: 30 }).map(objects => ObjectSet.of(objects))

describe('a delta between two sets', () => {
  test('turns the one into the other, whatever they are', () => {
    fc.assert(
      fc.property(set, set, (before, after) => {
        const delta = after.since(before)
        if (delta === null) expect(after.digest).toBe(before.digest)
        else expect(before.apply(delta)?.digest).toBe(after.digest)
      }),
    )
  })
  test('is refused on any other base', () => {
    fc.assert(
      fc.property(set, set, set, (before, after, other) => {
        fc.pre(other.digest !== before.digest)
        const delta = after.since(before)
        if (delta) expect(other.apply(delta)).toBeNull()
      }),
    )
  })
  test('in parts has the same end as whole, each part at most a frame', () => {
    const many = (n: number, value: number) =>
      ObjectSet.of(Array.from({ length: n }, (_, i) => ({ kind: 'machine', id: String(i), value })))
    const before = many(limits.frameObjects + 50, 1)
    for (const after of [many(3 * limits.frameObjects + 7, 2), many(10, 1)]) {
      for (const base of [before, null]) {
        const delta = after.since(base)
        if (!delta) throw new Error('they differ')
        const parts = split(delta, base)
        let at: ObjectSet<{ kind: string; id: string; value: number }> | null = before
        for (const part of parts) {
          expect(part.changed.length).toBeLessThanOrEqual(limits.frameObjects)
          at = at?.apply(part) ?? null
        }
        expect(at?.digest).toBe(after.digest)
      }
    }
  })
})
