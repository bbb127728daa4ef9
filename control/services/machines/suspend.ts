import { intend } from '../../domain/machines/intend.ts'
import { MachineRefs } from '../inputs.ts'
import { write } from '../verb.ts'
import { intendAll } from './intend.ts'

/** Suspends machines, all or none: the memory of each is written to its host's disk, then it is off. Those that are already are left alone. */
export const suspendMachines = write('machines.suspend', {
  input: MachineRefs,
  run: (context, { machines }) =>
    intendAll(context, machines, 'machine.suspend', machine => intend('suspend', machine, 'suspended')),
})
