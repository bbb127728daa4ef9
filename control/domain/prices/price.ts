import type { Id } from '@sirocco/shared/kit/id.ts'
import { pricedUnits } from '@sirocco/shared/model/prices.ts'
import type { UsageKind } from '@sirocco/shared/model/usage.ts'

/** What something costs from one day (UTC) to before another. */
export interface Price {
  readonly id: Id<'price'>
  readonly kind: UsageKind
  /** A flavor or pool; empty: any that has no price of its own. */
  readonly what: string
  /** Millionths of the currency. */
  readonly micros: number
  readonly from: number
  /** null: until a later price begins. */
  readonly until: number | null
}

/** The price that counts at a moment: of the thing itself before that of any, and the one that began last. null: it costs nothing. */
export function priceAt(prices: readonly Price[], kind: UsageKind, what: string, at: number): Price | null {
  const valid = prices.filter(
    price =>
      price.kind === kind && price.from <= at && (price.until === null || at < price.until) && ['', what].includes(price.what),
  )
  const newest = (all: readonly Price[]) => all.toSorted((a, b) => b.from - a.from)[0] ?? null
  return newest(valid.filter(price => price.what === what)) ?? newest(valid)
}

/** Moments within a period at which any price begins or ends, in order: between two of them each costs the same. */
export function cutsOf(prices: readonly Price[], from: number, to: number): readonly number[] {
  const moments = prices.flatMap(price => [price.from, ...(price.until === null ? [] : [price.until])])
  return [...new Set(moments)].filter(at => at > from && at < to).toSorted((a, b) => a - b)
}

/** In millionths, the nearest whole one, half of one up. */
export function costOf(amount: number, kind: UsageKind, price: Pick<Price, 'micros'> | null): number {
  if (price === null) return 0
  const unit = BigInt(pricedUnits[kind])
  return Number((BigInt(amount) * BigInt(price.micros) + unit / 2n) / unit)
}

/** What a month comes to, when its hours that are left cost what those that are over did. */
export const forecastOf = (spent: number, { from, to }: { readonly from: number; readonly to: number }, now: number): number =>
  now <= from ? 0 : Number((BigInt(spent) * BigInt(to - from)) / BigInt(Math.min(now, to) - from))
