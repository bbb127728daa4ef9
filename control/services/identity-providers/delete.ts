import { ok } from '@sirocco/shared/kit/fault.ts'
import { z } from 'zod'
import { Ref } from '../inputs.ts'
import { write } from '../verb.ts'

/** It vouches for nobody any more, and what its groups gave is taken away. One that is not there is no error. */
export const deleteIdentityProvider = write('identity-providers.delete', {
  input: z.object({ provider: Ref }),
  async run({ store }, { provider }) {
    const found = await store.signIn.provider(provider)
    if (!found.ok) return found.fault.code === 'not_found' ? ok({ answer: {}, subjects: [], changes: [] }) : found
    const { id } = found.value
    return ok({
      answer: {},
      subjects: [id],
      changes: [
        { do: 'identity-provider.delete', id },
        { do: 'event', project: null, type: 'identity-provider.gone', subject: id },
      ],
    })
  },
})
