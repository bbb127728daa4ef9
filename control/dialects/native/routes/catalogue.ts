import type { Routes } from '@sirocco/shared/api/routes.ts'
import { ok } from '@sirocco/shared/kit/fault.ts'
import { listFlavors } from '../../../services/flavors/list.ts'
import { listHosts } from '../../../services/hosts/list.ts'
import { projectHost } from '../../../services/hosts/projection.ts'
import { listRegions } from '../../../services/regions/list.ts'
import type { Handler } from '../handler.ts'
import { listed } from '../list.ts'
import { hostJson } from '../render/host.ts'

export const flavors: Handler<Routes['listFlavors']> = async (_, { call }) => {
  const all = await listFlavors.call(call, {})
  if (!all.ok) return all
  return ok({
    body: {
      items: all.value.map(({ id, name, vcpus, memoryMiB, diskMiB }) => ({ id, name, vcpus, memoryMiB, diskMiB })),
      next: null,
    },
  })
}

export const regions: Handler<Routes['listRegions']> = async (_, { call }) => {
  const all = await listRegions.call(call, {})
  if (!all.ok) return all
  return ok({
    body: {
      items: all.value.map(({ name, zones }) => ({ name, zones: zones.map(({ id, name }) => ({ id, name })) })),
      next: null,
    },
  })
}

export const hosts: Handler<Routes['listHosts']> = async ({ query }, { call }) => {
  const page = await listed(
    query,
    page => listHosts.call(call, page),
    host => hostJson(host, call.ports.agentBundle),
  )
  return page.ok ? ok({ body: page.value }) : page
}

export const hostProjection: Handler<Routes['getHostProjection']> = async ({ params }, { call }) => {
  const projected = await projectHost.call(call, { host: params.id })
  return projected.ok ? ok({ body: { ...projected.value, objects: [...projected.value.objects] } }) : projected
}
