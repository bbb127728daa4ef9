import { ok } from '@sirocco/shared/kit/fault.ts'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { listed } from './list.ts'

const rows = (count: number) => Array.from({ length: count }, (_, i) => ({ id: `vm_${String(i).padStart(5, '0')}`, i }))
const store =
  (all: ReturnType<typeof rows>, most = 7) =>
  async ({ after, limit }: { after: string | null; limit: number }) => {
    const rest = all.filter(row => after === null || row.id > after)
    const items = rest.slice(0, Math.min(limit, most))
    return ok({ items, next: items.length < rest.length ? (items.at(-1)?.id ?? null) : null })
  }

async function walk(all: ReturnType<typeof rows>, limit: number, keeps: (row: { i: number }) => boolean) {
  const seen: number[] = []
  let cursor: string | undefined
  for (let pages = 0; pages < 1_000; pages++) {
    const page = await listed({ cursor, limit }, store(all), row => row.i, { keeps, keyOf: row => row.id })
    if (!page.ok) throw new Error(page.fault.message)
    expect(page.value.items.length).toBeLessThanOrEqual(limit)
    seen.push(...page.value.items)
    if (page.value.next === null) return seen
    cursor = page.value.next
  }
  throw new Error('it does not end')
}

describe('a filtered list', () => {
  test('gives each that is kept once, in order, whatever the page', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 60 }),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 30 }),
        async (count, limit, every) => {
          const keeps = (row: { i: number }) => row.i % every === 0
          expect(await walk(rows(count), limit, keeps)).toEqual(
            rows(count)
              .filter(keeps)
              .map(row => row.i),
          )
        },
      ),
    )
  })
  test('reads a bounded number of pages for one answer, and says that more follows', async () => {
    let asked = 0
    const all = rows(500)
    const page = await listed(
      { limit: 5 },
      page => {
        asked++
        return store(all)(page)
      },
      row => row.i,
      { keeps: () => false, keyOf: row => row.id },
    )
    expect(asked).toBe(10)
    expect(page).toMatchObject({ value: { items: [], next: expect.any(String) } })
  })
})
