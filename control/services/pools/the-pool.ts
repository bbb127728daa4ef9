import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { StoragePool } from '../../domain/volumes/pool.ts'
import type { Store } from '../../ports/store.ts'

/** One pool by its id: names are one zone's. */
export async function thePool(store: Store, id: string): Promise<Result<StoragePool>> {
  const all = await store.pools.list()
  if (!all.ok) return all
  const pool = all.value.find(one => one.id === id)
  return pool ? ok(pool) : refuse('not_found', `there is no storage pool ${id}`)
}
