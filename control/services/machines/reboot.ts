import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { refusal } from '@sirocco/shared/model/machines/transitions.ts'
import { because } from '../../domain/machines/because.ts'
import { stateOfMachine } from '../../domain/machines/machine.ts'
import { workflowVersions } from '../../domain/operations/workflows.ts'
import type { Change } from '../../ports/changes.ts'
import { MachineRefs } from '../inputs.ts'
import { type Context, type Decision, write } from '../verb.ts'

/** Resets machines, all or none: an operation each, no new intent, since what is wanted stays the same. */
export const rebootMachines = write('machines.reboot', {
  input: MachineRefs,
  run: (context, { machines }) => rebootAll(context, machines),
})

export async function rebootAll(
  { store, scope, ids }: Context,
  refs: readonly string[],
): Promise<Result<Decision<{ operations: Id<'operation'>[] }>>> {
  const machines = await store.machines.find(scope, [...new Set(refs)])
  if (!machines.ok) return machines
  const operations: Id<'operation'>[] = []
  const changes: Change[] = []
  for (const machine of machines.value) {
    const why = refusal('reboot', stateOfMachine(machine))
    if (why) return refuse('precondition', because(why, machine.name), { field: machine.alias })
    const id = ids.make('operation')
    operations.push(id)
    changes.push(
      {
        do: 'operation.start',
        operation: {
          id,
          kind: 'machine.reboot',
          workflow: workflowVersions['machine.reboot'],
          project: machine.project,
          subject: machine.id,
          generation: machine.generation,
        },
      },
      { do: 'event', project: machine.project, type: 'machine.reboot.asked', subject: machine.id, data: { operation: id } },
    )
  }
  return ok({ answer: { operations }, subjects: machines.value.map(m => m.id), changes })
}
