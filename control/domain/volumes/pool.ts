import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import type { PoolType } from '@sirocco/shared/model/volumes/states.ts'

/** Where volumes lie: a place of the same name on each host of a zone. */
export interface StoragePool {
  readonly id: Id<'storagePool'>
  readonly zone: string
  readonly name: string
  readonly type: PoolType
  readonly isDefault: boolean
}

/** Where volumes of a zone lie when nobody says where. */
export function defaultPool(pools: readonly StoragePool[], zone: string): Result<StoragePool> {
  const pool = pools.find(p => p.zone === zone && p.isDefault)
  return pool ? ok(pool) : refuse('precondition', `zone ${zone} has no default storage pool; ask its admin to make one`)
}
