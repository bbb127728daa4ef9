import { ok } from '@sirocco/shared/kit/fault.ts'
import { z } from 'zod'
import { Name, Ref } from '../inputs.ts'
import { write } from '../verb.ts'
import { ownPasskey } from './own.ts'

/** What its owner calls it. */
export const renamePasskey = write('passkeys.rename', {
  input: z.object({ passkey: Ref, name: Name }),
  async run(context, { passkey, name }) {
    const found = await ownPasskey(context, passkey)
    if (!found.ok) return found
    const { id } = found.value
    return ok({ answer: { ...found.value, name }, subjects: [id], changes: [{ do: 'passkey.rename', id, name }] })
  },
})
