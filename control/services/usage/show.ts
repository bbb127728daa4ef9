import { ok, type Result } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { z } from 'zod'
import { cutsOf, forecastOf, type Price } from '../../domain/prices/price.ts'
import { hourOf } from '../../domain/usage/rows.ts'
import type { Budget } from '../../ports/prices.ts'
import { Page, Ref, TagKey } from '../inputs.ts'
import { type Context, read } from '../verb.ts'
import { type Line, linesOf, totalOf } from './cost.ts'
import { monthOf } from './month.ts'
import { type Period, periodOf, projectOf } from './period.ts'

const Asked = z.object({ project: Ref.optional(), from: z.int().optional(), to: z.int().optional() })

interface Ground extends Period {
  readonly project: Id<'project'>
  readonly currency: string
  readonly prices: readonly Price[]
}

export interface ProjectUsage extends Omit<Ground, 'prices'> {
  readonly items: readonly Line[]
  /** Of all lines, each of which is rounded for itself. */
  readonly total: number
  /** What this month comes to if it goes on so; null of any other period. */
  readonly forecast: number | null
  readonly budget: Budget | null
}

export interface ResourceUsage extends Omit<Ground, 'prices'> {
  readonly items: readonly Line[]
  readonly next: string | null
}

async function groundOf(context: Context, { project: ref, ...asked }: z.output<typeof Asked>): Promise<Result<Ground>> {
  const project = await projectOf(context, ref)
  if (!project.ok) return project
  const period = periodOf(context.clock.now(), asked)
  if (!period.ok) return period
  const prices = await context.store.prices.list()
  if (!prices.ok) return prices
  const currency = await context.store.prices.currency()
  return currency.ok ? ok({ project: project.value, ...period.value, prices: prices.value, currency: currency.value }) : currency
}

/** What a project used and what that costs: by kind and flavor or pool, and by the values of a tag where one is named. */
export const showUsage = read('usage.show', {
  input: Asked.extend({ tag: TagKey.optional() }),
  async run(context, { tag, ...asked }): Promise<Result<ProjectUsage>> {
    const ground = await groundOf(context, asked)
    if (!ground.ok) return ground
    const { prices, ...of } = ground.value
    const { project, from, to } = of
    const sums = await context.store.usage.sums(project, { from, to, cuts: cutsOf(prices, from, to) }, tag ?? null)
    if (!sums.ok) return sums
    const budget = await context.store.prices.budget(project)
    if (!budget.ok) return budget
    const items = linesOf(sums.value, prices, of)
    const total = totalOf(items)
    const now = context.clock.now()
    const month = monthOf(now)
    const thisMonth = from === month.from && to > hourOf(now)
    return ok({ ...of, items, total, forecast: thisMonth ? forecastOf(total, month, now) : null, budget: budget.value })
  },
})

/** The same of each resource, a page. */
export const showUsageOfResources = read('usage.show', {
  input: Asked.extend(Page.shape),
  async run(context, { after, limit, ...asked }): Promise<Result<ResourceUsage>> {
    const ground = await groundOf(context, asked)
    if (!ground.ok) return ground
    const { prices, ...of } = ground.value
    const { project, from, to } = of
    const page = await context.store.usage.resources(project, { from, to, cuts: cutsOf(prices, from, to) }, { after, limit })
    return page.ok ? ok({ ...of, items: linesOf(page.value.items, prices, of), next: page.value.next }) : page
  },
})
