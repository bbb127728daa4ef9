import { intend } from '../../domain/machines/intend.ts'
import { MachineRefs } from '../inputs.ts'
import { write } from '../verb.ts'
import { intendAll } from './intend.ts'

/** Pauses running machines, all or none: each stands still in its host's memory. Those that do already are left alone. */
export const pauseMachines = write('machines.pause', {
  input: MachineRefs,
  run: (context, { machines }) => intendAll(context, machines, 'machine.pause', machine => intend('pause', machine, 'paused')),
})
