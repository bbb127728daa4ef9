import { ok, type Result } from '@sirocco/shared/kit/fault.ts'
import { Secret } from '@sirocco/shared/kit/secret.ts'
import { z } from 'zod'
import type { IdentityProvider } from '../../domain/access/identity.ts'
import { Ref } from '../inputs.ts'
import { type Call, type Decision, write } from '../verb.ts'
import { grantsOf, providerInput, secretPlace } from './input.ts'

const Input = z.object({ provider: Ref, ...z.object(providerInput).partial().shape })

/** What is not named stays; roles follow at each person's next sign-in. An idempotency token is not remembered, for the secret's sake. */
export const changeIdentityProvider = {
  name: 'identity-providers.change' as const,
  input: Input,
  async call({ token: _, ...call }: Call, input: z.input<typeof Input>): Promise<Result<IdentityProvider>> {
    return change.call(call, input)
  },
}

const change = write('identity-providers.change', {
  input: Input,
  async run({ store, secrets }, { provider: ref, secret, grants: given, ...rest }): Promise<Result<Decision<IdentityProvider>>> {
    const found = await store.signIn.provider(ref)
    if (!found.ok) return found
    const { secret: _, ...before } = found.value
    const grants = given === undefined ? ok(before.grants) : await grantsOf(store, given)
    if (!grants.ok) return grants
    const { id } = before
    const provider = {
      id,
      name: rest.name ?? before.name,
      clientId: rest.clientId ?? before.clientId,
      scope: rest.scope ?? before.scope,
      claim: rest.claim ?? before.claim,
      grants: grants.value,
    }
    const sealed = secret === undefined ? {} : { secret: await secrets.seal(new Secret(secret), secretPlace(id)) }
    return ok({
      answer: { ...before, ...provider },
      subjects: [id],
      changes: [
        { do: 'identity-provider.change', provider, ...sealed },
        { do: 'event', project: null, type: 'identity-provider.changed', subject: id },
      ],
    })
  },
})
