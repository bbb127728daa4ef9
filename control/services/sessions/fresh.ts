import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { say } from '@sirocco/shared/model/messages.ts'
import type { Context } from '../verb.ts'

/**
 * The session of who asks, where it began a moment ago: how somebody signs in is changed by who has just shown that they can, not by whoever
 * finds an open browser, nor by a key.
 */
export async function freshSession({ store, clock, principal }: Context): Promise<Result<Id<'session'>>> {
  if (principal.via.kind !== 'session') return refuse('precondition', say('sign_in.only_session'))
  const found = await store.signIn.session(principal.via.id)
  if (!found.ok) return found
  return found.value.createdAt + limits.freshSession > clock.now()
    ? ok(principal.via.id)
    : refuse('precondition', say('sign_in.not_fresh'))
}
