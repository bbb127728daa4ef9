import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { isSharedPool, type PoolType } from '@sirocco/shared/model/volumes/states.ts'

/** Where a Ceph answers, and the user of it whose key is kept sealed. */
export interface Ceph {
  readonly monitors: readonly string[]
  readonly user: string
}

/** Where volumes lie: a place of the same name on each host of a zone. */
export interface StoragePool {
  readonly id: Id<'storagePool'>
  readonly zone: string
  readonly zoneId: Id<'zone'>
  readonly name: string
  readonly type: PoolType
  readonly isDefault: boolean
  /** The directory on each host that it lies in, or the pool's name in Ceph; null: the agent's own. */
  readonly path: string | null
  /** null of every other type than Ceph's. */
  readonly ceph: Ceph | null
  readonly createdAt: number
}

/** What decides where bytes of a pool lie, and how its room is counted. */
export type Laid = Pick<StoragePool, 'id' | 'type' | 'path'>

/** Room in a pool that has a directory of its own: `shared` by the hosts that have it, or each host's own. */
export interface Lying {
  readonly pool: Id<'storagePool'>
  readonly shared: boolean
}

/** Other hosts of the zone have the same bytes. */
export const isShared = ({ type }: Pick<StoragePool, 'type'>): boolean => isSharedPool(type)

/** Where the sealed key of its user in Ceph belongs. */
export const cephKeyPlace = (pool: string): string => `storage_pool|${pool}|ceph_key`

/** Where the room of a volume is counted; undefined: in its host's own directory. */
export const lyingIn = ({ id, type, path }: Laid): Lying | undefined =>
  path === null ? undefined : { pool: id, shared: isShared({ type }) }

/** What volumes ask of a host: room in its own directory, and in each other pool. */
export interface Room {
  readonly diskMiB: number
  readonly lying: readonly (Lying & { readonly miB: number })[]
}

/** The sum for some volumes. */
export function roomFor(volumes: readonly { readonly pool: Laid; readonly sizeMiB: number }[]): Room {
  const sums = new Map<string, Lying & { readonly miB: number }>()
  let diskMiB = 0
  for (const { pool, sizeMiB } of volumes) {
    const lying = lyingIn(pool)
    if (lying) sums.set(pool.id, { ...lying, miB: sizeMiB + (sums.get(pool.id)?.miB ?? 0) })
    else diskMiB += sizeMiB
  }
  return { diskMiB, lying: [...sums.values()] }
}

/** A pool as one host last said. */
export interface PoolOnHost {
  readonly host: Id<'host'>
  readonly hostName: string
  readonly totalMiB: number
  /** Of volumes and snapshots of this host in it; of a shared pool, of all hosts. */
  readonly claimedMiB: number
  /** Why it cannot be used there; null: it can. */
  readonly fault: string | null
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
