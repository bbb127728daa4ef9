import { ok, type Result } from '@sirocco/shared/kit/fault.ts'
import type { Principal } from '../../domain/access/principal.ts'
import type { Ports } from '../context.ts'

/** Ends the session that `principal` came by; of a key there is none. */
export async function signOut({ store }: Ports, principal: Principal): Promise<Result<void>> {
  if (principal.via.kind !== 'session') return ok(undefined)
  const { id } = principal.via
  return store.commit([
    { do: 'session.end', id },
    { do: 'audit', project: principal.project, actor: principal.user, verb: 'sessions.end', subjects: [id] },
  ])
}
