import type { Routes } from '@sirocco/shared/api/routes.ts'
import { ok } from '@sirocco/shared/kit/fault.ts'
import { changeWebhook } from '../../../services/webhooks/change.ts'
import { createWebhook } from '../../../services/webhooks/create.ts'
import { deleteWebhook } from '../../../services/webhooks/delete.ts'
import { listDeliveries, replayDelivery } from '../../../services/webhooks/deliveries.ts'
import { listWebhooks } from '../../../services/webhooks/list.ts'
import { defined } from '../defined.ts'
import type { Handler } from '../handler.ts'
import { listed } from '../list.ts'
import { deliveryJson, webhookJson } from '../render/webhooks.ts'

export const list: Handler<Routes['listWebhooks']> = async ({ query }, { call }) => {
  const page = await listed(query, page => listWebhooks.call(call, page), webhookJson)
  return page.ok ? ok({ body: page.value }) : page
}

export const create: Handler<Routes['createWebhook']> = async ({ body }, { call }) => {
  const made = await createWebhook.call(call, { ...defined(body), url: body.url })
  return made.ok ? ok({ body: { ...webhookJson(made.value), secret: made.value.secret.reveal() } }) : made
}

export const change: Handler<Routes['changeWebhook']> = async ({ params, body }, { call }) => {
  const changed = await changeWebhook.call(call, { ...defined(body), webhook: params.id })
  return changed.ok ? ok({ body: webhookJson(changed.value) }) : changed
}

export const remove: Handler<Routes['deleteWebhook']> = async ({ params }, { call }) => {
  const gone = await deleteWebhook.call(call, { webhook: params.id })
  return gone.ok ? ok({ body: undefined }) : gone
}

export const deliveries: Handler<Routes['listDeliveries']> = async ({ params, query }, { call }) => {
  const page = await listed(query, page => listDeliveries.call(call, { ...page, webhook: params.id }), deliveryJson)
  return page.ok ? ok({ body: page.value }) : page
}

export const replay: Handler<Routes['replayDelivery']> = async ({ params }, { call }) => {
  const again = await replayDelivery.call(call, { webhook: params.id, delivery: params.delivery })
  return again.ok ? ok({ body: undefined }) : again
}
