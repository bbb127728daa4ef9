import { ok } from '@sirocco/shared/kit/fault.ts'
import { z } from 'zod'
import { Ref } from '../inputs.ts'
import { write } from '../verb.ts'
import { changeMachine } from './change.ts'

/** Protects a machine from being deleted, or takes the protection off. A guest that ends itself may still end its machine. */
export const protectMachine = write('machines.protect', {
  input: z.object({ machine: Ref, protected: z.boolean() }),
  run: (context, { machine, protected: wanted }) =>
    changeMachine(context, { machine, change: 'protect', event: wanted ? 'machine.protected' : 'machine.unprotected' }, before =>
      ok(before.protected === wanted ? null : { set: { protected: wanted } }),
    ),
})
