import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { type Id, isId } from '@sirocco/shared/kit/id.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { say } from '@sirocco/shared/model/messages.ts'
import { z } from 'zod'
import type { Operation } from '../../domain/operations/operation.ts'
import type { OperationLine } from '../../ports/store.ts'
import { type Context, read } from '../verb.ts'

export const OperationRef = z.object({ operation: z.string().min(1).max(64) })

/** Admins see the operations of every project. */
export async function visible({ store, principal }: Context, id: string): Promise<Result<Operation>> {
  const unknown = refuse('not_found', say('operation.unknown', { id }))
  if (!isId('operation', id)) return unknown
  const found = await store.operations.find(id as Id<'operation'>)
  if (!found.ok) return found
  return found.value.project === principal.project || principal.role === 'admin' ? found : unknown
}

/** One operation; to admins with its log, newest line first. */
export const findOperation = read('operations.list', {
  input: OperationRef,
  async run(context, { operation: id }): Promise<Result<{ operation: Operation; log: readonly OperationLine[] | null }>> {
    const operation = await visible(context, id)
    if (!operation.ok) return operation
    if (context.principal.role !== 'admin') return ok({ operation: operation.value, log: null })
    const log = await context.store.operations.log(operation.value.id, limits.page)
    return log.ok ? ok({ operation: operation.value, log: log.value }) : log
  },
})
