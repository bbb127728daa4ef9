import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { MachineChange } from '@sirocco/shared/model/machines/states.ts'
import { changeRefusal } from '@sirocco/shared/model/machines/transitions.ts'
import { because } from '../../domain/machines/because.ts'
import { isRescued, type Machine, type MachineUpdate, stateOfMachine } from '../../domain/machines/machine.ts'
import type { Change } from '../../ports/changes.ts'
import type { Context, Decision } from '../verb.ts'

/** What a change sets, and what else its batch writes; null: it is so already. */
interface Changed {
  readonly set: MachineUpdate
  /** For the event's reader; no secrets. */
  readonly data?: Readonly<Record<string, unknown>>
  readonly more?: readonly Change[]
}

/** Changes what one machine is, where its state permits; its host hears of it, and nothing is asked of its power. */
export async function changeMachine(
  { store, scope }: Context,
  { machine: ref, change, event }: { readonly machine: string; readonly change: MachineChange; readonly event: string },
  decide: (machine: Machine) => Result<Changed | null> | Promise<Result<Changed | null>>,
): Promise<Result<Decision<{ machine: string }>>> {
  const found = await store.machines.find(scope, [ref])
  if (!found.ok) return found
  const [machine] = found.value
  if (!machine) throw new Error('impossible: found, and not there')
  const why = changeRefusal(change, stateOfMachine(machine), isRescued(machine))
  if (why) return refuse('precondition', because(why, machine.name), { field: machine.alias })
  const decided = await decide(machine)
  if (!decided.ok) return decided
  const { id, version, project, host } = machine
  const answer = { machine: id }
  if (decided.value === null) return ok({ answer, subjects: [id], changes: [] })
  const { set, data, more = [] } = decided.value
  return ok({
    answer,
    subjects: [id],
    changes: [
      { do: 'machine.update', machine: id, version, set },
      ...more,
      ...(host === null ? [] : [{ do: 'host.touch', host } as const]),
      { do: 'event', project, type: event, subject: id, ...(data ? { data } : {}) },
    ],
  })
}
