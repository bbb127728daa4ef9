import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { SecurityGroup } from '../../domain/security/group.ts'
import type { Context } from '../verb.ts'

/** One security group of the scope, by either id. */
export async function theGroup({ store, scope }: Context, ref: string): Promise<Result<SecurityGroup>> {
  const found = await store.securityGroups.find(scope, [ref])
  if (!found.ok) return found
  const [group] = found.value
  return group ? ok(group) : refuse('not_found', `there is no security group ${ref}`, { field: 'group' })
}
