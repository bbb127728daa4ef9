import type { Routes } from '@sirocco/shared/api/routes.ts'
import { ok } from '@sirocco/shared/kit/fault.ts'
import { usageUnits } from '@sirocco/shared/model/usage.ts'
import type { UsageSum } from '../../../ports/usage.ts'
import { showUsage, showUsageOfResources } from '../../../services/usage/show.ts'
import { cursorOf, placeOf } from '../cursor.ts'
import type { Handler } from '../handler.ts'
import { time } from '../render/time.ts'

type Query = Parameters<Handler<Routes['getUsage']>>[0]['query']

const spanOf = ({ project, from, to }: Pick<Query, 'project' | 'from' | 'to'>) => ({
  ...(project === undefined ? {} : { project }),
  ...(from === undefined ? {} : { from: Date.parse(from) }),
  ...(to === undefined ? {} : { to: Date.parse(to) }),
})

const itemJson = ({ kind, what, amount }: UsageSum) => ({ kind, what, amount, unit: usageUnits[kind] })

export const ofProject: Handler<Routes['getUsage']> = async ({ query: { tag, ...query } }, { call }) => {
  const shown = await showUsage.call(call, { ...spanOf(query), ...(tag === undefined ? {} : { tag }) })
  if (!shown.ok) return shown
  const { project, from, to, items } = shown.value
  return ok({
    body: {
      ...{ project, from: time(from), to: time(to) },
      items: items.map(item => ({ ...itemJson(item), ...(tag === undefined ? {} : { tag: item.tag }) })),
    },
  })
}

export const ofResources: Handler<Routes['getResourceUsage']> = async ({ query: { cursor, limit, ...query } }, { call }) => {
  const after = placeOf(cursor)
  if (!after.ok) return after
  const shown = await showUsageOfResources.call(call, { ...spanOf(query), after: after.value, limit })
  if (!shown.ok) return shown
  const { project, from, to, items, next } = shown.value
  return ok({
    body: {
      ...{ project, from: time(from), to: time(to) },
      items: items.map(item => ({ ...itemJson(item), resource: item.resource })),
      next: next === null ? null : cursorOf(next),
    },
  })
}
