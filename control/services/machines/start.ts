import { intend } from '../../domain/machines/intend.ts'
import { MachineRefs } from '../inputs.ts'
import { write } from '../verb.ts'
import { intendAll } from './intend.ts'

/** Starts machines, all or none. Those that run, or are starting, are left alone. */
export const startMachines = write('machines.start', {
  input: MachineRefs,
  run: (context, { machines }) => intendAll(context, machines, 'machine.start', machine => intend('start', machine, 'on')),
})
