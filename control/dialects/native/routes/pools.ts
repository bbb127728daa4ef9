import type { Routes } from '@sirocco/shared/api/routes.ts'
import { ok } from '@sirocco/shared/kit/fault.ts'
import { changePool } from '../../../services/pools/change.ts'
import { createPool } from '../../../services/pools/create.ts'
import { deletePool } from '../../../services/pools/delete.ts'
import { listPools } from '../../../services/pools/list.ts'
import { showPool } from '../../../services/pools/show.ts'
import type { Handler } from '../handler.ts'
import { poolDetailJson, poolJson } from '../render/pool.ts'

export const list: Handler<Routes['listPools']> = async (_, { call }) => {
  const all = await listPools.call(call, {})
  return all.ok ? ok({ body: { items: all.value.map(poolJson), next: null } }) : all
}

export const add: Handler<Routes['addPool']> = async ({ body }, { call }) => {
  const made = await createPool.call(call, body)
  if (!made.ok) return made
  const shown = await showPool.call(call, made.value)
  return shown.ok ? ok({ body: poolDetailJson(shown.value), headers: { location: `/api/v1/pools/${made.value.pool}` } }) : shown
}

export const get: Handler<Routes['getPool']> = async ({ params }, { call }) => {
  const shown = await showPool.call(call, { pool: params.id })
  return shown.ok ? ok({ body: poolDetailJson(shown.value) }) : shown
}

export const change: Handler<Routes['changePool']> = async ({ params, body }, { call }) => {
  const changed = await changePool.call(call, { ...body, pool: params.id })
  if (!changed.ok) return changed
  const shown = await showPool.call(call, changed.value)
  return shown.ok ? ok({ body: poolDetailJson(shown.value) }) : shown
}

export const remove: Handler<Routes['deletePool']> = async ({ params }, { call }) => {
  const gone = await deletePool.call(call, { pool: params.id })
  return gone.ok ? ok({ body: undefined }) : gone
}
