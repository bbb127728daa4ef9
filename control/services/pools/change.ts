import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import { Secret } from '@sirocco/shared/kit/secret.ts'
import { z } from 'zod'
import { cephKeyPlace } from '../../domain/volumes/pool.ts'
import { PoolName } from '../inputs.ts'
import { write } from '../verb.ts'
import { CephInput } from './create.ts'
import { thePool } from './the-pool.ts'

const Input = z.object({
  pool: z.string().min(1).max(64),
  name: PoolName.optional(),
  /** Where volumes of the zone lie from now on when nobody says where; the pool that was it is no longer. */
  isDefault: z.literal(true, 'make another pool the default instead').optional(),
  /** Of a pool in Ceph: its monitors or its user's key are other ones now. */
  ceph: CephInput.optional(),
})

/** Renames a pool, makes it its zone's default, or says anew how its Ceph is reached. What lies somewhere stays there. */
export const changePool = write('pools.change', {
  input: Input,
  async run({ store, secrets }, { pool: id, name, isDefault, ceph }) {
    if (name === undefined && isDefault === undefined && ceph === undefined)
      return refuse('invalid', 'say what to change: name, isDefault or ceph')
    const found = await thePool(store, id)
    if (!found.ok) return found
    const pool = found.value
    const answer = { pool: pool.id }
    const renamed = name !== undefined && name !== pool.name
    const preferred = isDefault === true && !pool.isDefault
    if (ceph && pool.type !== 'rbd') return refuse('invalid', `${pool.name} lies in no Ceph; leave ceph out`, { field: 'ceph' })
    if (!renamed && !preferred && !ceph) return ok({ answer, subjects: [pool.id], changes: [] })
    if (renamed) {
      const all = await store.pools.list()
      if (!all.ok) return all
      if (all.value.some(other => other.zone === pool.zone && other.name === name))
        return refuse('already_exists', `zone ${pool.zone} has a pool ${name} already; choose another name`, { field: 'name' })
    }
    return ok({
      answer,
      subjects: [pool.id],
      changes: [
        {
          ...{ do: 'pool.update', id: pool.id },
          ...(renamed ? { name } : {}),
          ...(preferred ? { isDefault } : {}),
          ...(ceph
            ? {
                ceph: { monitors: ceph.monitors, user: ceph.user },
                cephKey: await secrets.seal(new Secret(ceph.key), cephKeyPlace(pool.id)),
              }
            : {}),
        },
        ...(ceph ? [{ do: 'zone.touch', zone: pool.zoneId } as const] : []),
        {
          do: 'event',
          project: null,
          type: 'pool.changed',
          subject: pool.id,
          data: { ...(renamed ? { name } : {}), ...(preferred ? { isDefault } : {}) },
        },
      ],
    })
  },
})
