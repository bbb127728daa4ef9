import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { canonical, digest } from './canonical.ts'
import { ids, isId } from './id.ts'
import { hex, pick, seeded } from './random.ts'
import { Secret } from './secret.ts'

describe('ids', () => {
  const make = (at: number) => ids({ now: () => at }, seeded(7)).make('machine')
  test('carry the prefix of their noun and sort by time of making', () => {
    expect(isId('machine', make(1_700_000_000_000))).toBe(true)
    expect(isId('host', make(1))).toBe(false)
    expect(make(1_700_000_000_000) < make(1_700_000_000_001)).toBe(true)
    expect(make(999) < make(1_800_000_000_000)).toBe(true)
  })
  test('are refused with any character more or less', () => {
    expect(isId('machine', `${make(1)}0`)).toBe(false)
    expect(isId('machine', 'vm_')).toBe(false)
    expect(isId('machine', `vm_${'i'.repeat(20)}`)).toBe(false)
  })
})

describe('seeded chance', () => {
  test('repeats from its seed and differs by seed', () => {
    const draw = (seed: number) => {
      const random = seeded(seed)
      return Array.from({ length: 5 }, () => random.next())
    }
    expect(draw(1)).toEqual(draw(1))
    expect(draw(1)).not.toEqual(draw(2))
  })
  test('stays in [0, 1) and about its middle', () => {
    const random = seeded(3)
    const drawn = Array.from({ length: 10_000 }, () => random.next())
    expect(Math.min(...drawn)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...drawn)).toBeLessThan(1)
    expect(drawn.reduce((a, b) => a + b) / drawn.length).toBeCloseTo(0.5, 1)
  })
  test('picks from what there is, and nothing from nothing', () => {
    expect(['a', 'b']).toContain(pick(seeded(1), ['a', 'b']))
    expect(() => pick(seeded(1), [])).toThrow(RangeError)
    expect(hex(seeded(1), 17)).toMatch(/^[0-9a-f]{17}$/)
  })
})

describe('canonical JSON', () => {
  test('is the same whatever the order of keys, and leaves out what is undefined', () => {
    expect(canonical({ b: 1, a: [{ d: undefined, c: null }] })).toBe('{"a":[{"c":null}],"b":1}')
    expect(digest({ a: 1, b: 2 })).toBe(digest({ b: 2, a: 1 }))
    expect(digest({ a: 1 })).not.toBe(digest({ a: 2 }))
  })
  test('of 20,000 different values gives 20,000 digests', () => {
    expect(new Set(Array.from({ length: 20_000 }, (_, i) => digest({ id: `vm_${i}`, generation: i % 7 }))).size).toBe(20_000)
  })
})

test('a secret shows itself to nobody who does not ask', () => {
  const secret = new Secret('hunter2')
  expect(`${secret} ${JSON.stringify({ secret })} ${inspect(secret)} ${inspect({ secret })}`).not.toContain('hunter2')
  expect(secret.reveal()).toBe('hunter2')
})
