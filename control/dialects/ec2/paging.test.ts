import { limits } from '@sirocco/shared/model/limits.ts'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { afterOf, pageOf, sliceOf, tokenOf } from './paging.ts'
import { Refusal } from './refusal.ts'

/** A list by keyset, as the store's. */
const listOf = (count: number) => {
  const rows = Array.from({ length: count }, (_, i) => ({ id: String(i).padStart(6, '0'), n: i }))
  let reads = 0
  const page = async ({ after, limit }: { after: string | null; limit: number }) => {
    reads++
    const rest = after === null ? rows : rows.filter(row => row.id > after)
    const items = rest.slice(0, limit)
    return { items, next: rest.length > limit ? (items.at(-1)?.id ?? null) : null }
  }
  return { rows, page, reads: () => reads }
}
const keyOf = (row: { id: string }) => row.id

describe('paging', () => {
  test('by tokens gives every row that passes once, in order, whatever the page', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(60),
        fc.integer({ min: 5, max: 20 }),
        fc.integer({ min: 1, max: 5 }),
        async (count, MaxResults, divisor) => {
          const { rows, page } = listOf(count)
          const passes = (row: { n: number }) => row.n % divisor === 0
          const got: number[] = []
          let NextToken: string | undefined
          do {
            const answer = await pageOf({ MaxResults, NextToken, passes, residual: divisor > 1, keyOf, page })
            expect(answer.items.length).toBeLessThanOrEqual(MaxResults)
            got.push(...answer.items.map(row => row.n))
            NextToken = answer.nextToken ?? undefined
          } while (NextToken !== undefined)
          expect(got).toEqual(rows.filter(passes).map(row => row.n))
        },
      ),
    )
  })
  test('looks at a bounded number of rows, and goes on where it stopped', async () => {
    const { page, reads } = listOf(12 * limits.pageMax)
    const passes = (row: { n: number }) => row.n === 11 * limits.pageMax
    const first = await pageOf({ passes, residual: true, keyOf, page })
    expect(first.items).toEqual([])
    expect(reads()).toBe(10)
    const rest = await pageOf({ NextToken: first.nextToken ?? undefined, passes, residual: true, keyOf, page })
    expect(rest).toMatchObject({ items: [{ n: 11 * limits.pageMax }], nextToken: null })
  })
  test('reads no more than is asked for where nothing is left out', async () => {
    const { page } = listOf(100)
    const asked: number[] = []
    const counted = (wanted: { after: string | null; limit: number }) => {
      asked.push(wanted.limit)
      return page(wanted)
    }
    await pageOf({ MaxResults: 5, passes: () => true, residual: false, keyOf, page: counted })
    expect(asked).toEqual([5])
  })
  test('of a whole list goes on after the token, and starts over where its row is gone', () => {
    const all = ['a', 'b', 'c'].map(id => ({ id }))
    const first = sliceOf(all, { MaxResults: 2, keyOf })
    expect(first.items).toHaveLength(2)
    expect(sliceOf(all, { MaxResults: 2, NextToken: first.nextToken ?? undefined, keyOf })).toEqual({
      items: [{ id: 'c' }],
      nextToken: null,
    })
  })
})

test('a token survives its way, and what is none is refused', () => {
  expect(afterOf(tokenOf('vm_1|ключ'))).toBe('vm_1|ключ')
  for (const token of ['', 'x', tokenLike('[2,"a"]'), tokenLike('{}'), tokenLike(JSON.stringify([1, 'x'.repeat(300)]))])
    expect(() => afterOf(token)).toThrow(Refusal)
})

const tokenLike = (json: string): string => btoa(json).replaceAll('=', '')
