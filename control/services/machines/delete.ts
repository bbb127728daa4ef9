import { refuse } from '@sirocco/shared/kit/fault.ts'
import { intend } from '../../domain/machines/intend.ts'
import { MachineRefs } from '../inputs.ts'
import { write } from '../verb.ts'
import { intendAll } from './intend.ts'

/** Deletes machines with their disks, all or none, in whatever state they are, unless one is protected. Those deleted already are left alone. */
export const deleteMachines = write('machines.delete', {
  input: MachineRefs,
  run: (context, { machines }) =>
    intendAll(context, machines, 'machine.delete', machine =>
      machine.protected && machine.power !== 'gone' && machine.goneAt === null
        ? refuse('precondition', `${machine.name} is protected from deletion; take the protection off first`, {
            field: machine.alias,
          })
        : intend('delete', machine, 'gone'),
    ),
})
