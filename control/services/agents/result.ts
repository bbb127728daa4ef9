import { ok, type Result } from '@sirocco/shared/kit/fault.ts'
import { isId } from '@sirocco/shared/kit/id.ts'
import type { ResultFrame } from '@sirocco/shared/wire/frames.ts'
import { shardOf } from '../../domain/operations/shard.ts'
import type { Change } from '../../ports/changes.ts'
import type { Ports } from '../context.ts'

/** Keeps how a command ended, and wakes the operation that waits for it. A result that is kept already changes nothing. */
export async function keepResult({ store, pokes }: Ports, { command, outcome, host }: ResultFrame): Promise<Result<void>> {
  const known = await store.commands.outcome(command)
  if (!known.ok) return known
  if (known.value === null || known.value.outcome !== null || known.value.host !== host) return ok(undefined)
  const changes: Change[] = [{ do: 'command.result', id: command, outcome }]
  if (!isId('operation', command)) return store.commit(changes)
  const operation = await store.operations.find(command)
  // Forgotten with its machine: nobody waits. Refused, the result would be sent again for ever.
  if (!operation.ok) return operation.fault.code === 'not_found' ? store.commit(changes) : operation
  const written = await store.commit([...changes, { do: 'operation.wake-one', operation: command }])
  if (written.ok) pokes.operations([shardOf(operation.value.subject)])
  return written
}
