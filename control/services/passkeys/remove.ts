import { ok } from '@sirocco/shared/kit/fault.ts'
import { z } from 'zod'
import { Ref } from '../inputs.ts'
import { freshSession } from '../sessions/fresh.ts'
import { write } from '../verb.ts'
import { ownPasskey } from './own.ts'

/** It signs nobody in any more; sessions that it began go on. */
export const removePasskey = write('passkeys.remove', {
  input: z.object({ passkey: Ref }),
  async run(context, { passkey }) {
    const fresh = await freshSession(context)
    if (!fresh.ok) return fresh
    const found = await ownPasskey(context, passkey)
    if (!found.ok) return found
    const { id } = found.value
    return ok({
      answer: {},
      subjects: [id],
      changes: [
        { do: 'passkey.delete', id },
        { do: 'event', project: null, type: 'passkey.removed', subject: id },
      ],
    })
  },
})
