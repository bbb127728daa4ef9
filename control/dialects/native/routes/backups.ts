import type { AcceptedBackup } from '@sirocco/shared/api/backups.ts'
import type { Routes } from '@sirocco/shared/api/routes.ts'
import { ok, type Result } from '@sirocco/shared/kit/fault.ts'
import type { Backup } from '../../../domain/backups/backup.ts'
import { createBackup } from '../../../services/backups/create.ts'
import { deleteBackups } from '../../../services/backups/delete.ts'
import { findBackups } from '../../../services/backups/find.ts'
import { listBackups } from '../../../services/backups/list.ts'
import type { Handler, Here, Reply } from '../handler.ts'
import { listed } from '../list.ts'
import { backupJson } from '../render/backup.ts'

export const list: Handler<Routes['listBackups']> = async ({ query: { volume = null, ...query } }, { call }) => {
  const page = await listed(query, page => listBackups.call(call, { ...page, volume }), backupJson)
  return page.ok ? ok({ body: page.value }) : page
}

async function one({ call }: Here, id: string): Promise<Result<Backup>> {
  const found = await findBackups.call(call, { backups: [id] })
  if (!found.ok) return found
  const [backup] = found.value
  if (!backup) throw new Error('impossible: found, and not there')
  return ok(backup)
}

export const get: Handler<Routes['getBackup']> = async ({ params }, here) => {
  const backup = await one(here, params.id)
  return backup.ok ? ok({ body: backupJson(backup.value) }) : backup
}

async function accepted(here: Here, id: string, operations: readonly string[]): Promise<Result<Reply<AcceptedBackup>>> {
  const backup = await one(here, id)
  return backup.ok ? ok({ body: { backup: backupJson(backup.value), operations: [...operations] } }) : backup
}

export const create: Handler<Routes['createBackup']> = async ({ body }, here) => {
  const made = await createBackup.call(here.call, body)
  if (!made.ok) return made
  const reply = await accepted(here, made.value.backup, made.value.operations)
  return reply.ok ? ok({ ...reply.value, headers: { location: `/api/v1/backups/${made.value.backup}` } }) : reply
}

export const remove: Handler<Routes['deleteBackup']> = async ({ params }, here) => {
  const asked = await deleteBackups.call(here.call, { backups: [params.id] })
  return asked.ok ? accepted(here, params.id, asked.value.operations) : asked
}
