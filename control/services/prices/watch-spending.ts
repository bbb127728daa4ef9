import { ok, type Result } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { hourOf } from '../../domain/usage/rows.ts'
import type { Change } from '../../ports/changes.ts'
import type { Spending } from '../../ports/prices.ts'
import type { Ports } from '../context.ts'
import { pokeFor } from '../poke.ts'
import { spentBy } from '../usage/cost.ts'
import { monthOf } from '../usage/month.ts'

/** Looks what projects with a budget or a limit of money spent this month, and tells of each percentage that was reached, once a month. */
export async function watchSpending({ store, clock, pokes }: Pick<Ports, 'store' | 'clock' | 'pokes'>): Promise<Result<number>> {
  const now = clock.now()
  const due = await store.prices.due(now - limits.spendingEvery, limits.reconcilePage)
  if (!due.ok) return due
  const month = monthOf(now).from
  for (const before of due.value) {
    const spent = await spentBy(store, before.project, { from: month, to: hourOf(now) + 3_600_000 })
    if (!spent.ok) return spent
    const changes = changesOf(before, month, spent.value)
    const written = await store.commit(changes)
    if (!written.ok) return written
    pokeFor(pokes, changes)
  }
  return ok(due.value.length)
}

function changesOf({ project, budget, ...before }: Spending, month: number, spent: number): Change[] {
  const told = before.month === month ? before.alerted : 0
  const reached = (budget?.alertAt ?? []).filter(percent => BigInt(spent) * 100n >= BigInt(budget?.micros ?? 0) * BigInt(percent))
  const alerted = Math.max(0, ...reached)
  const data = { spent, budget: budget?.micros ?? 0, percent: alerted, month: new Date(month).toISOString().slice(0, 7) }
  return [
    { do: 'spending.put', project, month, spent, alerted: Math.max(told, alerted) },
    ...(alerted > told ? [{ do: 'event', project, type: 'project.budget-reached', subject: project, data } as const] : []),
  ]
}
