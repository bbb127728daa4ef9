import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { say } from '@sirocco/shared/model/messages.ts'
import type { Change } from '../../ports/changes.ts'
import type { Store } from '../../ports/store.ts'

/** What a machine has stays as it is while it moves: refused then, else the guards that hold it so until the batch is written. */
export async function still(
  store: Pick<Store, 'migrations'>,
  machines: readonly Id<'machine'>[],
): Promise<Result<readonly Change[]>> {
  if (machines.length === 0) return ok([])
  const moving = await store.migrations.ofMachines(machines)
  if (!moving.ok) return moving
  const [first] = moving.value
  return first
    ? refuse('precondition', say('machine.is_moving'), { field: first.machine })
    : ok(machines.map((machine): Change => ({ do: 'machine.still', machine })))
}
