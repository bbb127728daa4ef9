import type { Paged } from '../../../ports/store.ts'

/** A page of rows that were read with one more than `limit`, to know whether there is a next. */
export function paged<T>(rows: readonly T[], limit: number, key: (row: T) => string): Paged<T> {
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  return { items, next: rows.length > limit && last !== undefined ? key(last) : null }
}

/** The first row, where at most one can be. */
export const first = <T>(rows: readonly T[]): T | null => rows[0] ?? null
