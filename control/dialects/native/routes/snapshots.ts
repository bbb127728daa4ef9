import type { Routes } from '@sirocco/shared/api/routes.ts'
import type { AcceptedSnapshot } from '@sirocco/shared/api/volumes.ts'
import { ok, type Result } from '@sirocco/shared/kit/fault.ts'
import type { Snapshot } from '../../../domain/volumes/snapshot.ts'
import { createSnapshot } from '../../../services/snapshots/create.ts'
import { deleteSnapshots } from '../../../services/snapshots/delete.ts'
import { findSnapshots } from '../../../services/snapshots/find.ts'
import { listSnapshots } from '../../../services/snapshots/list.ts'
import type { Handler, Here, Reply } from '../handler.ts'
import { listed } from '../list.ts'
import { snapshotJson } from '../render/volume.ts'

export const list: Handler<Routes['listSnapshots']> = async ({ query }, { call }) => {
  const page = await listed(query, page => listSnapshots.call(call, page), snapshotJson)
  return page.ok ? ok({ body: page.value }) : page
}

async function one({ call }: Here, id: string): Promise<Result<Snapshot>> {
  const found = await findSnapshots.call(call, { snapshots: [id] })
  if (!found.ok) return found
  const [snapshot] = found.value
  if (!snapshot) throw new Error('impossible: found, and not there')
  return ok(snapshot)
}

export const get: Handler<Routes['getSnapshot']> = async ({ params }, here) => {
  const snapshot = await one(here, params.id)
  return snapshot.ok ? ok({ body: snapshotJson(snapshot.value) }) : snapshot
}

async function accepted(here: Here, id: string, operations: readonly string[]): Promise<Result<Reply<AcceptedSnapshot>>> {
  const snapshot = await one(here, id)
  return snapshot.ok ? ok({ body: { snapshot: snapshotJson(snapshot.value), operations: [...operations] } }) : snapshot
}

export const create: Handler<Routes['createSnapshot']> = async ({ body }, here) => {
  const made = await createSnapshot.call(here.call, body)
  if (!made.ok) return made
  const reply = await accepted(here, made.value.snapshot, made.value.operations)
  return reply.ok ? ok({ ...reply.value, headers: { location: `/api/v1/snapshots/${made.value.snapshot}` } }) : reply
}

export const remove: Handler<Routes['deleteSnapshot']> = async ({ params }, here) => {
  const asked = await deleteSnapshots.call(here.call, { snapshots: [params.id] })
  return asked.ok ? accepted(here, params.id, asked.value.operations) : asked
}
