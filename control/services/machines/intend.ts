import { all, ok, type Result } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import type { Intent, Machine } from '../../domain/machines/machine.ts'
import type { Change } from '../../ports/changes.ts'
import type { Context, Decision } from '../verb.ts'
import { intentChanges } from './intent-changes.ts'

/** A new intent for each of `refs`, all or none, each pursued by an operation. Those that are so already have none. */
export async function intendAll(
  context: Context,
  refs: readonly string[],
  kind: Parameters<typeof intentChanges>[1],
  decide: (machine: Machine) => Result<Intent | null>,
): Promise<Result<Decision<{ operations: Id<'operation'>[] }>>> {
  const machines = await context.store.machines.find(context.scope, [...new Set(refs)])
  if (!machines.ok) return machines
  const intents = all(machines.value.map(decide))
  if (!intents.ok) return intents

  const operations: Id<'operation'>[] = []
  const changes = machines.value.flatMap((machine, i): Change[] => {
    const intent = intents.value[i]
    if (!intent) return []
    const id = context.ids.make('operation')
    operations.push(id)
    return intentChanges(machine, kind, intent, id)
  })
  const hosts = new Set(machines.value.flatMap(({ host }, i) => (host && intents.value[i] ? [host] : [])))
  changes.push(...[...hosts].map(host => ({ do: 'host.touch', host }) as const))
  return ok({ answer: { operations }, subjects: machines.value.map(m => m.id), changes })
}
