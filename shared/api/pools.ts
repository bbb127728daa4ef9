import { z } from 'zod'
import { limits } from '../model/limits.ts'
import { cephKey, cephMonitor, cephName } from '../model/volumes/ceph.ts'
import { plainPath } from '../model/volumes/pool-path.ts'
import { poolTypes } from '../model/volumes/states.ts'
import { pageOf } from './page.ts'
import { Time } from './text.ts'

const Name = z.string().min(1).max(63)

/** How hosts reach a Ceph. Its user needs `mon 'profile rbd' osd 'profile rbd pool=NAME'`; the key is never shown again. */
const NewCeph = z.strictObject({
  monitors: z.array(z.string().regex(cephMonitor)).min(1).max(limits.cephMonitors),
  user: z.string().regex(cephName),
  key: z.string().regex(cephKey),
})

/** Where volumes of a zone lie. */
export const Pool = z.strictObject({
  id: z.string(),
  name: z.string(),
  zone: z.string(),
  type: z.enum(poolTypes),
  /** Volumes of the zone lie in it when nobody says where. */
  isDefault: z.boolean(),
  createdAt: Time,
})
export type Pool = z.output<typeof Pool>
export const PoolPage = pageOf(Pool)

/** As admins see it. */
export const PoolDetail = Pool.extend({
  /** The directory of each host that it lies in, or the pool's name in Ceph; null: the agent's own. */
  path: z.string().nullable(),
  /** null of every other type than `rbd`. */
  ceph: z.strictObject({ monitors: z.array(z.string()), user: z.string() }).nullable(),
  /** With those that were deleted, until they are forgotten. */
  volumes: z.int(),
  snapshots: z.int(),
  /** Of its volumes, as their guests see them. */
  sizeMiB: z.int(),
  /** What hosts of the zone last said of it. */
  hosts: z.array(
    z.strictObject({
      id: z.string(),
      name: z.string(),
      totalMiB: z.int(),
      /** Of a shared pool, by all hosts. */
      claimedMiB: z.int(),
      /** Why it cannot be used there, and what to do. */
      fault: z.string().nullable(),
    }),
  ),
})
export type PoolDetail = z.output<typeof PoolDetail>

export const NewPool = z.strictObject({
  name: Name,
  zone: z.string().min(1).max(64).optional(),
  /** `nfs`: one directory that all hosts of the zone have mounted, marked by a file `.sirocco-pool` that holds the pool's id; `rbd`: a pool of Ceph. */
  type: z.enum(poolTypes).optional(),
  /** On each host that is to have volumes of it, where it is already; of `rbd`, the pool's name in Ceph. */
  path: z
    .string()
    .max(200)
    .regex(new RegExp(`${plainPath.source}|${cephName.source}`)),
  /** Of `rbd` alone. */
  ceph: NewCeph.optional(),
})
export type NewPool = z.input<typeof NewPool>
export const PoolChange = z.strictObject({
  name: Name.optional(),
  isDefault: z.literal(true).optional(),
  ceph: NewCeph.optional(),
})
export const PoolParams = z.strictObject({ id: z.string().min(1).max(64) })
