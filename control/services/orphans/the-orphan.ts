import { assert } from '@sirocco/shared/kit/assert.ts'
import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Host } from '../../domain/hosts/host.ts'
import { nameOf, type Orphan } from '../../domain/hosts/orphan.ts'
import type { Store } from '../../ports/store.ts'
import { theHost } from '../hosts/the-host.ts'

/** One of the machines on a host that nothing here asks for, while no other choice was made about it. */
export async function theOrphan(
  store: Store,
  { host: hostId, orphan: id }: { readonly host: string; readonly orphan: string },
): Promise<Result<{ readonly host: Host; readonly orphan: Orphan }>> {
  const [host, found] = await Promise.all([theHost(store, hostId), store.orphans.find([id])])
  if (!host.ok) return host
  if (!found.ok) return found
  const [orphan] = found.value
  assert(orphan !== undefined, 'found, and not there')
  if (orphan.host !== host.value.id) return refuse('not_found', `${id} is not on host ${host.value.name}`, { field: 'orphan' })
  if (orphan.removing) return refuse('precondition', `${nameOf(orphan)} is being removed from its host already`)
  return ok({ host: host.value, orphan })
}
