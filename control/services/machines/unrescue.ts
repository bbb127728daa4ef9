import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import { changeRefusal } from '@sirocco/shared/model/machines/transitions.ts'
import { z } from 'zod'
import { because } from '../../domain/machines/because.ts'
import { isRescued, stateOfMachine } from '../../domain/machines/machine.ts'
import { Ref } from '../inputs.ts'
import { write } from '../verb.ts'
import { intentChanges } from './intent-changes.ts'

/** Stops a machine that is in rescue and starts it from its own disk again; the rescue's disk is deleted with whatever was written to it. */
export const unrescueMachine = write('machines.unrescue', {
  input: z.object({ machine: Ref }),
  async run({ store, scope, ids }, { machine: ref }) {
    const found = await store.machines.find(scope, [ref])
    if (!found.ok) return found
    const [machine] = found.value
    if (!machine) throw new Error('impossible: found, and not there')
    const { id, version, generation, host } = machine
    const why = changeRefusal('unrescue', stateOfMachine(machine), isRescued(machine))
    if (why) return refuse('precondition', because(why, machine.name), { field: machine.alias })
    if (host === null) throw new Error('impossible: in rescue nowhere')
    const operation = ids.make('operation')
    return ok({
      answer: { operations: [operation] },
      subjects: [id],
      changes: [
        ...intentChanges(
          machine,
          'machine.unrescue',
          { machine: id, version, generation: generation + 1, power: 'off' },
          operation,
        ),
        { do: 'host.touch', host },
      ],
    })
  },
})
