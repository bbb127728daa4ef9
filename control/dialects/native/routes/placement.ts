import type { Routes } from '@sirocco/shared/api/routes.ts'
import { ok } from '@sirocco/shared/kit/fault.ts'
import { findHost } from '../../../services/hosts/find.ts'
import { updateHost } from '../../../services/hosts/update.ts'
import { explainPlacement } from '../../../services/placement/explain.ts'
import { createPlacementGroup } from '../../../services/placement-groups/create.ts'
import { deletePlacementGroup } from '../../../services/placement-groups/delete.ts'
import { listPlacementGroups } from '../../../services/placement-groups/list.ts'
import { cursorOf, placeOf } from '../cursor.ts'
import type { Handler } from '../handler.ts'
import { listed } from '../list.ts'
import { hostJson } from '../render/host.ts'
import { placementGroupJson, verdictJson } from '../render/placement.ts'

export const groups: Handler<Routes['listPlacementGroups']> = async ({ query }, { call }) => {
  const page = await listed(query, page => listPlacementGroups.call(call, page), placementGroupJson)
  return page.ok ? ok({ body: page.value }) : page
}

export const addGroup: Handler<Routes['addPlacementGroup']> = async ({ body }, { call }) => {
  const made = await createPlacementGroup.call(call, body)
  return made.ok ? ok({ body: placementGroupJson(made.value) }) : made
}

export const removeGroup: Handler<Routes['deletePlacementGroup']> = async ({ params }, { call }) => {
  const gone = await deletePlacementGroup.call(call, { placementGroup: params.name })
  return gone.ok ? ok({ body: undefined }) : gone
}

export const host: Handler<Routes['getHost']> = async ({ params }, { call }) => {
  const found = await findHost.call(call, { host: params.id })
  return found.ok ? ok({ body: hostJson(found.value, call.ports.agentBundle) }) : found
}

export const changeHost: Handler<Routes['changeHost']> = async ({ params, body }, { call }) => {
  const changed = await updateHost.call(call, { ...body, host: params.id })
  if (!changed.ok) return changed
  const found = await findHost.call(call, changed.value)
  return found.ok ? ok({ body: hostJson(found.value, call.ports.agentBundle) }) : found
}

export const explain: Handler<Routes['explainPlacement']> = async ({ query: { cursor, limit }, body }, { call }) => {
  const after = placeOf(cursor)
  if (!after.ok) return after
  const explained = await explainPlacement.call(call, { ...body, after: after.value, limit })
  if (!explained.ok) return explained
  const { demand, items, next } = explained.value
  const { zone, architecture, vcpus, memoryMiB, diskMiB, hostTags } = demand
  return ok({
    body: {
      demand: { zone, architecture, vcpus, memoryMiB, diskMiB, hostTags: { ...hostTags } },
      items: items.map(verdictJson),
      next: next === null ? null : cursorOf(next),
    },
  })
}
