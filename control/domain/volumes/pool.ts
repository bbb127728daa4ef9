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
  /** The directory on each host that it lies in; null: the agent's own. */
  readonly path: string | null
  readonly createdAt: number
}

/** What lies in a pool: deleted ones too, until they are forgotten. */
export interface PoolUse {
  readonly volumes: number
  readonly snapshots: number
  readonly sizeMiB: number
}

/** Where volumes of a zone lie: in the pool that is named, by name or id, or else in the zone's default. */
export function poolFor(pools: readonly StoragePool[], zone: string, ref?: string): Result<StoragePool> {
  if (ref === undefined) return defaultPool(pools, zone)
  const pool = pools.find(p => p.zone === zone && (p.id === ref || p.name === ref))
  return pool ? ok(pool) : refuse('not_found', `zone ${zone} has no storage pool ${ref}`, { field: 'pool' })
}

/** Where a volume lies that was found on a host: in the pool that it names, or else in the agent's own directory. */
export function poolOfFound(pools: readonly StoragePool[], zone: string, found: string | undefined): Result<StoragePool> {
  const pool = pools.find(p => p.zone === zone && (found === undefined ? p.path === null : p.id === found))
  return pool
    ? ok(pool)
    : refuse('precondition', `a disk lies in the pool ${found ?? 'of the agent'}, which zone ${zone} does not have`)
}

function defaultPool(pools: readonly StoragePool[], zone: string): Result<StoragePool> {
  const pool = pools.find(p => p.zone === zone && p.isDefault)
  return pool ? ok(pool) : refuse('precondition', `zone ${zone} has no default storage pool; ask its admin to make one`)
}
