export const volumeStates = [
  'creating',
  'available',
  'attaching',
  'in-use',
  'detaching',
  'deleting',
  'gone',
  'failed',
  'unknown',
] as const
export type VolumeState = (typeof volumeStates)[number]

export const snapshotStates = ['creating', 'ready', 'deleting', 'gone', 'failed', 'unknown'] as const
export type SnapshotState = (typeof snapshotStates)[number]

/** Kinds of storage pools, each with what its volumes are. */
export const poolTypes = ['directory', 'nfs', 'rbd'] as const
export type PoolType = (typeof poolTypes)[number]

/** Of these every host of the zone sees the same bytes. */
export const sharedPools = ['nfs', 'rbd'] as const satisfies readonly PoolType[]
export const isSharedPool = (type: PoolType): boolean => sharedPools.some(shared => shared === type)

/** What a volume begins with. */
export const sourceKinds = ['image', 'snapshot', 'backup', 'nothing', 'found'] as const
export type SourceKind = (typeof sourceKinds)[number]
