import { ok, type Result } from '@sirocco/shared/kit/fault.ts'
import type { SecurityGroup } from '../../domain/security/group.ts'
import type { Change } from '../../ports/changes.ts'
import type { Context } from '../verb.ts'

/** Has every host that knows of these groups told; the batch itself finds them, those of this look are poked. */
export async function touched(
  { store }: Pick<Context, 'store'>,
  what: 'rules' | 'members',
  groups: readonly Pick<SecurityGroup, 'id'>[],
): Promise<Result<Extract<Change, { do: 'security-group.touch' }>>> {
  const ids = groups.map(({ id }) => id)
  const hosts = await store.securityGroups.hosts(what, ids)
  return hosts.ok ? ok({ do: 'security-group.touch', what, groups: ids, hosts: hosts.value }) : hosts
}
