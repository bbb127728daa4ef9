import { z } from 'zod'
import { intend } from '../../domain/machines/intend.ts'
import { MachineRefs } from '../inputs.ts'
import { write } from '../verb.ts'
import { intendAll } from './intend.ts'

/**
 * Stops machines, all or none: asks each guest, then cuts the power after `limits.stopGrace`; cuts at once with `force`. Those that are
 * stopped already are left alone.
 */
export const stopMachines = write('machines.stop', {
  input: MachineRefs.extend({ force: z.boolean().default(false) }),
  run: (context, { machines, force }) =>
    intendAll(context, machines, 'machine.stop', machine => intend('stop', machine, force ? 'cut' : 'off')),
})
