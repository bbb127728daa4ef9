import type { Routes } from '@sirocco/shared/api/routes.ts'
import { ok } from '@sirocco/shared/kit/fault.ts'
import { usageUnits } from '@sirocco/shared/model/usage.ts'
import type { Line } from '../../../services/usage/cost.ts'
import { showUsage, showUsageOfResources } from '../../../services/usage/show.ts'
import { cursorOf, placeOf } from '../cursor.ts'
import type { Handler } from '../handler.ts'
import { time } from '../render/time.ts'

type Query = Pick<Parameters<Handler<Routes['getUsage']>>[0]['query'], 'project' | 'from' | 'to'>

export const spanOf = ({ project, from, to }: Query) => ({
  ...(project === undefined ? {} : { project }),
  ...(from === undefined ? {} : { from: Date.parse(from) }),
  ...(to === undefined ? {} : { to: Date.parse(to) }),
})

const itemJson = ({ kind, what, amount, cost }: Line) => ({ kind, what, amount, unit: usageUnits[kind], cost })

export const ofProject: Handler<Routes['getUsage']> = async ({ query: { tag, ...query } }, { call }) => {
  const shown = await showUsage.call(call, { ...spanOf(query), ...(tag === undefined ? {} : { tag }) })
  if (!shown.ok) return shown
  const { from, to, items, budget, ...rest } = shown.value
  return ok({
    body: {
      ...rest,
      ...{ from: time(from), to: time(to) },
      items: items.map(item => ({ ...itemJson(item), ...(tag === undefined ? {} : { tag: item.tag }) })),
      budget: budget && { micros: budget.micros, alertAt: [...budget.alertAt] },
    },
  })
}

export const ofResources: Handler<Routes['getResourceUsage']> = async ({ query: { cursor, limit, ...query } }, { call }) => {
  const after = placeOf(cursor)
  if (!after.ok) return after
  const shown = await showUsageOfResources.call(call, { ...spanOf(query), after: after.value, limit })
  if (!shown.ok) return shown
  const { from, to, items, next, ...rest } = shown.value
  return ok({
    body: {
      ...rest,
      ...{ from: time(from), to: time(to) },
      items: items.map(item => ({ ...itemJson(item), resource: item.resource })),
      next: next === null ? null : cursorOf(next),
    },
  })
}
