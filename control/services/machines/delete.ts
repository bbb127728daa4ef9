import { intend } from '../../domain/machines/intend.ts'
import { MachineRefs } from '../inputs.ts'
import { write } from '../verb.ts'
import { intendAll } from './intend.ts'

/** Deletes machines with their disks, all or none, in whatever state they are. Those deleted already are left alone. */
export const deleteMachines = write('machines.delete', {
  input: MachineRefs,
  run: (context, { machines }) => intendAll(context, machines, 'machine.delete', machine => intend('delete', machine, 'gone')),
})
