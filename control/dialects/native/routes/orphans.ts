import type { Routes } from '@sirocco/shared/api/routes.ts'
import { ok } from '@sirocco/shared/kit/fault.ts'
import { nameOf, type Orphan } from '../../../domain/hosts/orphan.ts'
import { adoptOrphan } from '../../../services/orphans/adopt.ts'
import { listOrphans } from '../../../services/orphans/list.ts'
import { removeOrphan } from '../../../services/orphans/remove.ts'
import type { Handler } from '../handler.ts'
import { listed } from '../list.ts'
import { time } from '../render/time.ts'

export const list: Handler<Routes['listOrphans']> = async ({ params, query }, { call }) => {
  const page = await listed(query, page => listOrphans.call(call, { ...page, host: params.id }), orphanJson)
  return page.ok ? ok({ body: page.value }) : page
}

export const adopt: Handler<Routes['adoptOrphan']> = async ({ params, body: { project, image, name } }, { call }) => {
  const asked = await adoptOrphan.call(call, {
    host: params.id,
    orphan: params.orphan,
    project,
    ...(image === undefined ? {} : { image }),
    ...(name === undefined ? {} : { name }),
  })
  return asked.ok ? ok({ body: asked.value }) : asked
}

export const remove: Handler<Routes['removeOrphan']> = async ({ params, body: { confirm } }, { call }) => {
  const asked = await removeOrphan.call(call, { host: params.id, orphan: params.orphan, confirm })
  return asked.ok ? ok({ body: asked.value }) : asked
}

const orphanJson = (orphan: Orphan) => ({
  id: orphan.id,
  kind: 'machine' as const,
  machine: orphan.machine,
  name: nameOf(orphan),
  power: orphan.power,
  since: time(orphan.at),
  removing: orphan.removing,
  made: orphan.found && {
    vcpus: orphan.found.vcpus,
    memoryMiB: orphan.found.memoryMiB,
    image: orphan.found.image ?? null,
    volumes: orphan.found.volumes.map(({ id, device, sizeMiB }) => ({ id, device, sizeMiB })),
  },
})
