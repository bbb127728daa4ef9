import { describe, expect, test } from 'vitest'
import { filterOf, matches, tagLooks } from './filters.ts'
import { Refusal } from './refusal.ts'

describe('a filter value', () => {
  test.each([
    ['web', 'web', true],
    ['web', 'Web', false],
    ['web*', 'web-1', true],
    ['*', '', true],
    ['?', '', false],
    ['w?b', 'wxb', true],
    ['*-1*', 'a-1-1b', true],
    ['a*b*c', 'aXbYc', true],
    ['a*b*c', 'acb', false],
    ['a\\*b', 'a*b', true],
    ['a\\*b', 'axb', false],
    ['.*', 'abc', false],
    ['a\\', 'a\\', true],
  ])('%s on %s: %s', (pattern, value, expected) => {
    expect(matches(pattern, value)).toBe(expected)
  })
  test('stays quick on what makes backtracking explode', () => {
    expect(matches('*a'.repeat(100), `${'a'.repeat(1_000)}b`)).toBe(false)
  })
})

describe('filters', () => {
  const items = [{ tags: { Name: 'web', env: 'prod' } }, { tags: { Name: 'db' } }, { tags: {} }]
  const kept = (filters: Parameters<typeof filterOf>[0]) =>
    items.filter(filterOf<(typeof items)[number]>(filters, tagLooks, item => ({ ...item.tags })))

  test('all must match, one value of each is enough', () => {
    expect(kept([{ Name: 'tag:Name', Value: ['web', 'd*'] }])).toHaveLength(2)
    expect(
      kept([
        { Name: 'tag:Name', Value: ['web', 'd*'] },
        { Name: 'tag-key', Value: ['env'] },
      ]),
    ).toHaveLength(1)
    expect(kept([{ Name: 'tag:Name', Value: [] }])).toHaveLength(0)
  })
  test('of a name nobody knows are refused, names of Object among them', () => {
    for (const Name of ['flavour', 'constructor', '__proto__']) expect(() => kept([{ Name, Value: ['x'] }])).toThrow(Refusal)
    expect(kept([{ Name: 'tag:constructor', Value: ['*'] }])).toHaveLength(0)
  })
})
