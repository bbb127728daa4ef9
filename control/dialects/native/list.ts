import { ok, type Result } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { cursorOf, placeOf } from './cursor.ts'

interface Paged<T> {
  readonly items: readonly T[]
  readonly next: string | null
}

/**
 * One page of a list as clients see it. With `keeps`, pages are read until this one is full, at most `limits.filteredPages` times: a page may
 * be short although more follows.
 */
export async function listed<T, V>(
  { cursor, limit }: { readonly cursor?: string | undefined; readonly limit: number },
  read: (page: { after: string | null; limit: number }) => Promise<Result<Paged<T>>>,
  render: (item: T) => V,
  { keeps, keyOf }: { keeps: (item: T) => boolean; keyOf: (item: T) => string } | Record<'keeps' | 'keyOf', undefined> = none,
): Promise<Result<{ items: V[]; next: string | null }>> {
  const place = placeOf(cursor)
  if (!place.ok) return place
  if (!keeps) {
    const page = await read({ after: place.value, limit })
    return page.ok
      ? ok({ items: page.value.items.map(render), next: page.value.next === null ? null : cursorOf(page.value.next) })
      : page
  }
  const items: V[] = []
  let after = place.value
  for (let i = 0; i < limits.filteredPages; i++) {
    // As few as may do at first: what the read itself leaves out makes most pages full at once.
    const page = await read({ after, limit: Math.min(limits.pageMax, (limit + 1) * 4 ** i) })
    if (!page.ok) return page
    for (const item of page.value.items) {
      if (!keeps(item)) continue
      // The page is full and one more is known: the next page begins after the last that was kept.
      if (items.length === limit) return ok({ items, next: after === null ? null : cursorOf(after) })
      items.push(render(item))
      after = keyOf(item)
    }
    if (page.value.next === null) return ok({ items, next: null })
    after = page.value.next
  }
  return ok({ items, next: after === null ? null : cursorOf(after) })
}
const none = { keeps: undefined, keyOf: undefined }
