import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { say } from '@sirocco/shared/model/messages.ts'
import { z } from 'zod'
import { Ref } from '../inputs.ts'
import { freshSession } from '../sessions/fresh.ts'
import { write } from '../verb.ts'

/** It signs one in no more, and what its groups gave is taken away. One that is not there is no error. */
export const unlinkIdentity = write('identities.unlink', {
  input: z.object({ provider: Ref }),
  async run(context, { provider }) {
    const { store, principal } = context
    const fresh = await freshSession(context)
    if (!fresh.ok) return fresh
    const [own, person] = await Promise.all([
      store.signIn.identities(principal.user, { after: null, limit: limits.identityProviders }),
      store.tenancy.user(principal.user),
    ])
    if (!own.ok) return own
    if (!person.ok) return person
    const found = own.value.items.find(({ provider: id }) => id === provider)
    if (!found) return ok({ answer: {}, subjects: [], changes: [] })
    if (person.value.password === null) return refuse('precondition', say('identity.only_way'))
    return ok({
      answer: {},
      subjects: [found.provider],
      changes: [
        { do: 'identity.delete', provider: found.provider, user: principal.user },
        { do: 'event', project: null, type: 'identity.unlinked', subject: principal.user },
      ],
    })
  },
})
