import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { MachineState, MachineVerb, Power } from '@sirocco/shared/model/machines/states.ts'
import { verdictOf } from '@sirocco/shared/model/machines/transitions.ts'
import { say } from '@sirocco/shared/model/messages.ts'
import { because } from './because.ts'
import { type Intent, type Machine, stateOfMachine } from './machine.ts'

/** The intent that `verb` creates on `machine`; null where it is so already, or on its way. */
export function intend(verb: Exclude<MachineVerb, 'reboot'>, machine: Machine, power: Power): Result<Intent | null> {
  if (verb === 'start' && machine.failure !== null && machine.ranAt === null)
    return refuse('precondition', say('machine.never_ran', { name: machine.name }), {
      field: machine.alias,
    })
  const state = stateOfMachine(machine)
  const verdict = verdictOf(verb, state)
  const cutsShort = state === 'stopping' && power !== machine.power && machine.power !== 'cut' && verb === 'stop'
  // On its way there; the table knows states only, and `stopping` is one of several ways.
  if ((verb === 'pause' || verb === 'suspend') && machine.power === power && isPursued(machine)) return ok(null)
  // What was found has no desire yet: to be asked for what it is, is one.
  if (verdict === 'done' && !cutsShort && !hasGivenUp(machine, state) && machine.power !== 'as-is') return ok(null)
  if (verdict !== 'accept' && verdict !== 'supersede' && verdict !== 'done')
    return refuse('precondition', because(verdict, machine.name), { field: machine.alias })
  return ok({ machine: machine.id, version: machine.version, generation: machine.generation + 1, power })
}

const isPursued = ({ observed, generation }: Machine): boolean => observed === null || observed.appliedGeneration < generation

/** Its observer has finished with the intent and could not fulfil it: the same, asked again, is tried again. */
const hasGivenUp = ({ observed, generation }: Machine, state: MachineState): boolean =>
  (state === 'stopping' || state === 'deleting') &&
  observed !== null &&
  observed.fault !== null &&
  observed.appliedGeneration >= generation
