import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import type { Passkey } from '../../domain/access/passkey.ts'
import type { Context } from '../verb.ts'

/** One's own passkey; another's is none. */
export async function ownPasskey({ store, principal }: Context, ref: string): Promise<Result<Passkey>> {
  const own = await store.signIn.passkeys(principal.user, { after: null, limit: limits.passkeys })
  if (!own.ok) return own
  const found = own.value.items.find(({ id }) => id === ref)
  return found ? ok(found) : refuse('not_found', `there is no passkey ${ref}`, { field: 'passkey' })
}
