import { limits } from '@sirocco/shared/model/limits.ts'
import { z } from 'zod'
import { fromBase64Url, toBase64Url } from '../../services/base64.ts'
import { Refusal } from './refusal.ts'

const cursor = z.tuple([z.literal(1), z.string().max(256)])

/** Opaque to clients; what it names is looked up in the caller's own scope, so that a made-up one shows nothing. */
export const tokenOf = (after: string): string =>
  toBase64Url(new TextEncoder().encode(JSON.stringify([1, after] satisfies z.input<typeof cursor>)))

export function afterOf(token: string | undefined): string | null {
  if (token === undefined) return null
  try {
    return cursor.parse(JSON.parse(new TextDecoder().decode(fromBase64Url(token) ?? new Uint8Array())))[1]
  } catch {
    throw new Refusal(
      'InvalidPaginationToken',
      'The pagination token is not one of this endpoint; start again without NextToken.',
    )
  }
}

interface Wanted<T> {
  readonly MaxResults?: number | undefined
  readonly NextToken?: string | undefined
  readonly passes: (item: T) => boolean
  /** May `passes` leave any out? If not, no more rows are read than are asked for. */
  readonly residual: boolean
  /** The key that the store's list goes on after. */
  readonly keyOf: (item: T) => string
  readonly page: (page: {
    after: string | null
    limit: number
  }) => Promise<{ readonly items: readonly T[]; readonly next: string | null }>
}

/**
 * The items that pass, up to MaxResults (1,000 where the client does not say), and the token to go on where there may be more.
 * As with EC2, fewer than MaxResults with a token is not the end.
 */
export async function pageOf<T>({ MaxResults = limits.pageMax, NextToken, passes, residual, keyOf, page }: Wanted<T>): Promise<{
  readonly items: readonly T[]
  readonly nextToken: string | null
}> {
  const items: T[] = []
  let after = afterOf(NextToken)
  for (let i = 0; i < limits.filteredPages; i++) {
    const rows = await page({ after, limit: residual ? limits.pageMax : MaxResults })
    for (const [n, row] of rows.items.entries()) {
      if (!passes(row)) continue
      items.push(row)
      const last = rows.next === null && n === rows.items.length - 1
      if (items.length === MaxResults) return { items, nextToken: last ? null : tokenOf(keyOf(row)) }
    }
    if (rows.next === null) return { items, nextToken: null }
    after = rows.next
  }
  return { items, nextToken: after === null ? null : tokenOf(after) }
}

/** Of a short list that comes whole. */
export function sliceOf<T>(
  all: readonly T[],
  {
    MaxResults,
    NextToken,
    keyOf,
  }: { MaxResults?: number | undefined; NextToken?: string | undefined; keyOf: (item: T) => string },
) {
  const after = afterOf(NextToken)
  const rest = after === null ? all : all.slice(all.findIndex(item => keyOf(item) === after) + 1)
  const items = rest.slice(0, MaxResults ?? limits.pageMax)
  const last = items.at(-1)
  return { items, nextToken: last !== undefined && items.length < rest.length ? tokenOf(keyOf(last)) : null }
}
