import type { OperationAsked } from '@sirocco/shared/api/operations.ts'
import type { Routes } from '@sirocco/shared/api/routes.ts'
import { ok, type Result } from '@sirocco/shared/kit/fault.ts'
import type { Asked } from '../../../services/operations/ask.ts'
import { cancelOperation } from '../../../services/operations/cancel.ts'
import { findOperation } from '../../../services/operations/find.ts'
import { resolveOperation } from '../../../services/operations/resolve.ts'
import { retryOperation } from '../../../services/operations/retry.ts'
import { listStuck } from '../../../services/operations/stuck.ts'
import type { Handler, Here, Reply } from '../handler.ts'
import { listed } from '../list.ts'
import { operationJson } from '../render/operation.ts'
import { time } from '../render/time.ts'

export const stuck: Handler<Routes['listStuckOperations']> = async ({ query }, { call }) => {
  const page = await listed(query, page => listStuck.call(call, page), operationJson)
  return page.ok ? ok({ body: page.value }) : page
}

export const get: Handler<Routes['getOperation']> = async ({ params }, { call }) => {
  const found = await findOperation.call(call, { operation: params.id })
  if (!found.ok) return found
  const { operation, log } = found.value
  return ok({
    body: {
      ...operationJson(operation),
      log: log === null ? null : log.map(({ step, outcome, at }) => ({ step, outcome, at: time(at) })),
    },
  })
}

async function answered({ call }: Here, id: string, asked: Result<Asked>): Promise<Result<Reply<OperationAsked>>> {
  if (!asked.ok) return asked
  const found = await findOperation.call(call, { operation: id })
  return found.ok
    ? ok({ body: { operation: operationJson(found.value.operation), operations: [...asked.value.operations] } })
    : found
}

export const retry: Handler<Routes['retryOperation']> = async ({ params: { id } }, here) =>
  answered(here, id, await retryOperation.call(here.call, { operation: id }))
export const cancel: Handler<Routes['cancelOperation']> = async ({ params: { id } }, here) =>
  answered(here, id, await cancelOperation.call(here.call, { operation: id }))
export const resolve: Handler<Routes['resolveOperation']> = async ({ params: { id }, body }, here) =>
  answered(here, id, await resolveOperation.call(here.call, { operation: id, how: body.how }))
