import { intend } from '../../domain/machines/intend.ts'
import { MachineRefs } from '../inputs.ts'
import { write } from '../verb.ts'
import { intendAll } from './intend.ts'

/** Resumes paused and suspended machines, all or none: each goes on where it stood still. Those that run are left alone. */
export const resumeMachines = write('machines.resume', {
  input: MachineRefs,
  run: (context, { machines }) => intendAll(context, machines, 'machine.resume', machine => intend('resume', machine, 'on')),
})
