import { ok, type Result } from '@sirocco/shared/kit/fault.ts'
import { Secret } from '@sirocco/shared/kit/secret.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { z } from 'zod'
import type { IdentityProvider } from '../../domain/access/identity.ts'
import { type Call, type Decision, write } from '../verb.ts'
import { grantsOf, Issuer, providerInput, secretPlace } from './input.ts'

const { secret, ...told } = providerInput
const Input = z.object({
  ...told,
  issuer: Issuer,
  scope: told.scope.default('openid email'),
  claim: told.claim.default('groups'),
  grants: told.grants.default([]),
  secret,
})

/** Lets somebody vouch for people from now on. The secret is in nothing that is kept open: an idempotency token is not remembered. */
export const addIdentityProvider = {
  name: 'identity-providers.add' as const,
  input: Input,
  async call({ token: _, ...call }: Call, input: z.input<typeof Input>): Promise<Result<IdentityProvider>> {
    return keep.call(call, input)
  },
}

const keep = write('identity-providers.add', {
  input: Input,
  async run({ store, secrets, ids, clock }, { secret, grants: given, ...rest }): Promise<Result<Decision<IdentityProvider>>> {
    const grants = await grantsOf(store, given)
    if (!grants.ok) return grants
    const id = ids.make('identityProvider')
    const provider = { ...rest, id, grants: grants.value }
    const sealed = await secrets.seal(new Secret(secret), secretPlace(id))
    return ok({
      answer: { ...provider, createdAt: clock.now() },
      subjects: [id],
      changes: [
        { do: 'identity-provider.insert', provider, secret: sealed, limit: limits.identityProviders },
        { do: 'event', project: null, type: 'identity-provider.added', subject: id },
      ],
    })
  },
})
