import { ok } from '@sirocco/shared/kit/fault.ts'
import { z } from 'zod'
import { Ref } from '../inputs.ts'
import { write } from '../verb.ts'
import { changeMachine } from './change.ts'

/** What becomes of a machine when its guest shuts itself down. */
export const onGuestShutdown = write('machines.protect', {
  input: z.object({ machine: Ref, onGuestShutdown: z.enum(['stop', 'terminate']) }),
  run: (context, { machine, onGuestShutdown: wanted }) =>
    changeMachine(context, { machine, change: 'protect', event: 'machine.on-guest-shutdown' }, before =>
      ok(before.onGuestShutdown === wanted ? null : { set: { onGuestShutdown: wanted }, data: { onGuestShutdown: wanted } }),
    ),
})
