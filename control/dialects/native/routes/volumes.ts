import type { Routes } from '@sirocco/shared/api/routes.ts'
import type { AcceptedVolume } from '@sirocco/shared/api/volumes.ts'
import { ok, type Result } from '@sirocco/shared/kit/fault.ts'
import type { Volume } from '../../../domain/volumes/volume.ts'
import { attachVolume } from '../../../services/volumes/attach.ts'
import { createVolume } from '../../../services/volumes/create.ts'
import { deleteVolumes } from '../../../services/volumes/delete.ts'
import { detachVolumes } from '../../../services/volumes/detach.ts'
import { findVolumes } from '../../../services/volumes/find.ts'
import { growVolume } from '../../../services/volumes/grow.ts'
import { listVolumes } from '../../../services/volumes/list.ts'
import { revertVolume } from '../../../services/volumes/revert.ts'
import type { Handler, Here, Reply } from '../handler.ts'
import { listed } from '../list.ts'
import { parsed } from '../parse.ts'
import { volumeJson } from '../render/volume.ts'

export const list: Handler<Routes['listVolumes']> = async ({ query }, { call, admin }) => {
  const page = await listed(
    query,
    page => listVolumes.call(call, page),
    volume => volumeJson(volume, admin),
  )
  return page.ok ? ok({ body: page.value }) : page
}

async function one({ call }: Here, id: string): Promise<Result<Volume>> {
  const found = await findVolumes.call(call, { volumes: [id] })
  if (!found.ok) return found
  const [volume] = found.value
  if (!volume) throw new Error('impossible: found, and not there')
  return ok(volume)
}

export const get: Handler<Routes['getVolume']> = async ({ params }, here) => {
  const volume = await one(here, params.id)
  return volume.ok ? ok({ body: volumeJson(volume.value, here.admin) }) : volume
}

/** The volume as it is after a verb, and what the verb began. */
async function accepted(
  here: Here,
  id: string,
  asked: Result<{ readonly operations: readonly string[] }>,
): Promise<Result<Reply<AcceptedVolume>>> {
  if (!asked.ok) return asked
  const volume = await one(here, id)
  return volume.ok
    ? ok({ body: { volume: volumeJson(volume.value, here.admin), operations: [...asked.value.operations] } })
    : volume
}

export const create: Handler<Routes['createVolume']> = async ({ body }, here) => {
  const made = await createVolume.call(here.call, body)
  if (!made.ok) return made
  const reply = await accepted(here, made.value.volume, made)
  return reply.ok ? ok({ ...reply.value, headers: { location: `/api/v1/volumes/${made.value.volume}` } }) : reply
}

export const attach: Handler<Routes['attachVolume']> = async ({ params, body }, here) => {
  const input = parsed(attachVolume.input, { ...body, volume: params.id })
  return input.ok ? accepted(here, params.id, await attachVolume.call(here.call, input.value)) : input
}
export const detach: Handler<Routes['detachVolume']> = async ({ params }, here) =>
  accepted(here, params.id, await detachVolumes.call(here.call, { volumes: [params.id] }))
export const grow: Handler<Routes['growVolume']> = async ({ params, body }, here) =>
  accepted(here, params.id, await growVolume.call(here.call, { volume: params.id, sizeMiB: body.sizeMiB }))
export const revert: Handler<Routes['revertVolume']> = async ({ params, body }, here) =>
  accepted(here, params.id, await revertVolume.call(here.call, { volume: params.id, snapshot: body.snapshot }))
export const remove: Handler<Routes['deleteVolume']> = async ({ params }, here) =>
  accepted(here, params.id, await deleteVolumes.call(here.call, { volumes: [params.id] }))
