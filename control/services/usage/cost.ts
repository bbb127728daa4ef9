import { ok, type Result } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { costOf, cutsOf, type Price, priceAt } from '../../domain/prices/price.ts'
import type { Store } from '../../ports/store.ts'
import type { UsageSum } from '../../ports/usage.ts'
import type { Period } from './period.ts'

/** What was used, in one line however prices changed meanwhile, and what that costs. */
export type Line = Omit<UsageSum, 'segment'> & { readonly cost: number }

/** Sums of the same thing that lie one behind the other become one line: each part costs what it did then. */
export function linesOf(sums: readonly UsageSum[], prices: readonly Price[], { from, to }: Period): Line[] {
  const begins = [from, ...cutsOf(prices, from, to)]
  const lines = new Map<string, Line>()
  for (const { segment, ...sum } of sums) {
    const key = JSON.stringify([sum.kind, sum.what, sum.resource, sum.tag])
    const before = lines.get(key)
    const cost = costOf(sum.amount, sum.kind, priceAt(prices, sum.kind, sum.what, begins[segment] ?? from))
    lines.set(key, { ...sum, amount: sum.amount + (before?.amount ?? 0), cost: cost + (before?.cost ?? 0) })
  }
  return [...lines.values()]
}

export const totalOf = (lines: readonly Line[]): number => lines.reduce((sum, { cost }) => sum + cost, 0)

/** What a project used in a period costs, by flavor and pool. */
export async function spentBy(
  { usage, prices }: Pick<Store, 'usage' | 'prices'>,
  project: Id<'project'>,
  period: Period,
): Promise<Result<number>> {
  const known = await prices.list()
  if (!known.ok) return known
  const sums = await usage.sums(project, { ...period, cuts: cutsOf(known.value, period.from, period.to) }, null)
  return sums.ok ? ok(totalOf(linesOf(sums.value, known.value, period))) : sums
}
