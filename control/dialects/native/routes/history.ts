import { eventJson } from '@sirocco/shared/api/events.ts'
import type { Routes } from '@sirocco/shared/api/routes.ts'
import { ok } from '@sirocco/shared/kit/fault.ts'
import { listEvents } from '../../../services/events/list.ts'
import { listOperations } from '../../../services/operations/list.ts'
import type { Handler } from '../handler.ts'
import { listed } from '../list.ts'
import { operationJson } from '../render/operation.ts'

export const operations: Handler<Routes['listOperations']> = async ({ query: { subject, ...query } }, { call }) => {
  const page = await listed(
    query,
    page => listOperations.call(call, { ...page, ...(subject === undefined ? {} : { subject }) }),
    operationJson,
  )
  return page.ok ? ok({ body: page.value }) : page
}

export const events: Handler<Routes['listEvents']> = async ({ query: { subject, ...query } }, { call }) => {
  const found = await listEvents.call(call, { ...query, ...(subject === undefined ? {} : { subject }) })
  if (!found.ok) return found
  const { events, reset, cursor } = found.value
  return ok({ body: { items: events.map(eventJson), reset, cursor } })
}
