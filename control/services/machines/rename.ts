import { ok } from '@sirocco/shared/kit/fault.ts'
import { z } from 'zod'
import { Name, Ref } from '../inputs.ts'
import { write } from '../verb.ts'
import { changeMachine } from './change.ts'

/** Gives a machine another name at once; the hostname in its guest follows at the next boot, since guests ask for it then only. */
export const renameMachine = write('machines.rename', {
  input: z.object({ machine: Ref, name: Name }),
  run: (context, { machine, name }) =>
    changeMachine(context, { machine, change: 'rename', event: 'machine.renamed' }, before =>
      ok(before.name === name ? null : { set: { name }, data: { from: before.name, to: name } }),
    ),
})
