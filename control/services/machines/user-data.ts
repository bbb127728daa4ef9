import { ok } from '@sirocco/shared/kit/fault.ts'
import { Secret } from '@sirocco/shared/kit/secret.ts'
import { z } from 'zod'
import { Ref, UserData } from '../inputs.ts'
import { write } from '../verb.ts'
import { changeMachine } from './change.ts'

/** Gives a stopped machine other user-data, or none (null). Its guest reads it at the next boot; most run it at their first only. */
export const changeUserData = write('machines.user-data', {
  input: z.object({ machine: Ref, userData: UserData.nullable() }),
  run: (context, { machine, userData }) =>
    changeMachine(context, { machine, change: 'userData', event: 'machine.user-data' }, async ({ id }) =>
      ok({ set: { userData: userData ? await context.secrets.seal(new Secret(userData), `machine|${id}|user_data`) : null } }),
    ),
})
