import { expect, test } from 'vitest'
import { compare, lasting } from './compare.ts'
import type { Difference } from './item.ts'

test('kinds that nobody looked for are not missed', () => {
  expect(compare(new Set(['volume']), [{ kind: 'tap', id: 'x', facts: {} }], [])).toEqual([])
})

test('a fact that cannot be read is a difference', () => {
  const [found] = compare(
    new Set(['volume']),
    [{ kind: 'volume', id: 'vm_a', facts: { mib: 8 } }],
    [{ kind: 'volume', id: 'vm_a', facts: {}, where: '/d' }],
  )
  expect(found).toEqual({ kind: 'volume', id: 'vm_a', what: 'differs', detail: '/d: mib is not to be read, wanted 8' })
})

test('only what two looks agree on lasts, whatever its detail', () => {
  const one = (what: Difference['what'], id: string, detail = ''): Difference => ({ kind: 'volume', id, what, detail })
  expect(lasting([one('lost', 'a'), one('lost', 'b', 'then')], [one('leaked', 'a'), one('lost', 'b', 'now')])).toEqual([
    one('lost', 'b', 'now'),
  ])
})
