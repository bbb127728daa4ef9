import { ok, type Result } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import type { IdentityProvider } from '../../domain/access/identity.ts'
import type { Ports } from '../context.ts'
import { Page } from '../inputs.ts'
import { read } from '../verb.ts'

/** Who may vouch for people, oldest first; never their secrets. */
export const listIdentityProviders = read('identity-providers.list', {
  input: Page,
  run: ({ store }, page) => store.signIn.providers(page),
})

/** What stands on the sign-in page: for anybody. */
export async function namedProviders({ store }: Ports): Promise<Result<readonly Pick<IdentityProvider, 'id' | 'name'>[]>> {
  const all = await store.signIn.providers({ after: null, limit: limits.identityProviders })
  return all.ok ? ok(all.value.items.map(({ id, name }) => ({ id, name }))) : all
}
