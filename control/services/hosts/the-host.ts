import { assert } from '@sirocco/shared/kit/assert.ts'
import { ok, type Result } from '@sirocco/shared/kit/fault.ts'
import type { Host } from '../../domain/hosts/host.ts'
import type { Store } from '../../ports/store.ts'

/** One host, as it stands. */
export async function theHost(store: Store, id: string): Promise<Result<Host>> {
  const found = await store.hosts.find([id])
  if (!found.ok) return found
  const [host] = found.value
  assert(host !== undefined, 'found, and not there')
  return ok(host)
}
