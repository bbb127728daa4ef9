import { ok, type Result } from '@sirocco/shared/kit/fault.ts'
import { type Id, isId } from '@sirocco/shared/kit/id.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { shardOf } from '../../domain/operations/shard.ts'
import type { Ports } from '../context.ts'

/** Wakes the operations whose commands these hosts have not answered: what a lost link swallowed is sent again, and done once. */
export async function sendAgain({ store, pokes, clock }: Ports, hosts: readonly Id<'host'>[]): Promise<Result<void>> {
  const pending = await store.commands.pending(hosts, clock.now() - limits.launch)
  if (!pending.ok) return pending
  const waiting = pending.value.flatMap(({ id, subject }) => (isId('operation', id) ? [{ id, subject }] : []))
  if (waiting.length === 0) return ok(undefined)
  const woken = await store.commit(waiting.map(({ id }) => ({ do: 'operation.wake-one', operation: id })))
  if (woken.ok) pokes.operations([...new Set(waiting.map(({ subject }) => shardOf(subject)))])
  return woken
}
