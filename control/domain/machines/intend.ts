import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { MachineVerb, Power } from '@sirocco/shared/model/machines/states.ts'
import { verdictOf } from '@sirocco/shared/model/machines/transitions.ts'
import { because } from './because.ts'
import { type Intent, type Machine, stateOfMachine } from './machine.ts'

/** The intent that `verb` creates on `machine`; null where it is so already, or on its way. */
export function intend(verb: Exclude<MachineVerb, 'reboot'>, machine: Machine, power: Power): Result<Intent | null> {
  if (verb === 'start' && machine.failure !== null && machine.ranAt === null)
    return refuse('precondition', `${machine.name} never ran and holds nothing any more; delete it and launch a new one`, {
      field: machine.alias,
    })
  const verdict = verdictOf(verb, stateOfMachine(machine))
  if (verdict === 'done') return ok(null)
  if (verdict !== 'accept' && verdict !== 'supersede')
    return refuse('precondition', because(verdict, machine.name), { field: machine.alias })
  return ok({ machine: machine.id, version: machine.version, generation: machine.generation + 1, power })
}
