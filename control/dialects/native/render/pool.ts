import type { PoolDetail as PoolDetailJson, Pool as PoolJson } from '@sirocco/shared/api/pools.ts'
import type { PoolOnHost, PoolUse, StoragePool } from '../../../domain/volumes/pool.ts'
import { time } from './time.ts'

export const poolJson = ({ id, name, zone, type, isDefault, createdAt }: StoragePool): PoolJson => ({
  id,
  name,
  zone,
  type,
  isDefault,
  createdAt: time(createdAt),
})

export const poolDetailJson = ({
  pool,
  use,
  hosts,
}: {
  readonly pool: StoragePool
  readonly use: PoolUse
  readonly hosts: readonly PoolOnHost[]
}): PoolDetailJson => ({
  ...poolJson(pool),
  path: pool.path,
  ceph: pool.ceph && { monitors: [...pool.ceph.monitors], user: pool.ceph.user },
  volumes: use.volumes,
  snapshots: use.snapshots,
  sizeMiB: use.sizeMiB,
  hosts: hosts.map(({ host, hostName, totalMiB, claimedMiB, fault }) => ({
    id: host,
    name: hostName,
    totalMiB,
    claimedMiB,
    fault,
  })),
})
