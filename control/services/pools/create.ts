import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import { Secret } from '@sirocco/shared/kit/secret.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { cephKey, cephMonitor, cephName } from '@sirocco/shared/model/volumes/ceph.ts'
import { poolPath } from '@sirocco/shared/model/volumes/pool-path.ts'
import { poolTypes } from '@sirocco/shared/model/volumes/states.ts'
import { z } from 'zod'
import { cephKeyPlace } from '../../domain/volumes/pool.ts'
import { PoolName } from '../inputs.ts'
import { zoneNamed } from '../regions/find.ts'
import { write } from '../verb.ts'

/** Where a Ceph answers, and whom it knows there. The key is sealed, and shown to nobody but agents. */
export const CephInput = z.object({
  monitors: z
    .array(z.string().regex(cephMonitor, 'a name or address of a monitor, such as 10.0.0.1 or ceph1.example.org:6789'))
    .min(1)
    .max(limits.cephMonitors),
  user: z.string().regex(cephName, 'the name of a user of Ceph without client., such as sirocco'),
  key: z.string().regex(cephKey, 'the key that ceph auth get-key prints: 40 characters'),
})

const Input = z
  .object({
    name: PoolName,
    zone: z.string().max(64).optional(),
    /** `nfs`: the directory is one and the same on all hosts of the zone, which have it mounted. `rbd`: a pool of Ceph, which they all reach. */
    type: z.enum(poolTypes).default('directory'),
    /** Of each host of the zone that is to have volumes of it; it is there already. Of Ceph, the name of its pool. */
    path: z.string().max(200),
    ceph: CephInput.optional(),
  })
  .superRefine(({ type, path, ceph }, { addIssue }) => {
    const issue = (at: string, message: string) => addIssue({ code: 'custom', path: [at], message })
    if (type === 'rbd' && ceph === undefined) issue('ceph', 'say the monitors of Ceph, its user and that user’s key')
    if (type !== 'rbd' && ceph !== undefined) issue('ceph', 'only a pool of type rbd lies in Ceph')
    if (type === 'rbd' && !cephName.test(path)) issue('path', 'the name of a pool in Ceph, in plain words')
    if (type !== 'rbd' && !poolPath.test(path))
      issue('path', 'an absolute path such as /srv/fast, in plain words, and none that the system keeps for itself')
  })

/** Makes a pool of a zone: a directory of the same name on its hosts, each with volumes of its own, or one that they share, or a pool of Ceph. */
export const createPool = write('pools.create', {
  input: Input,
  async run({ store, ids, secrets }, { name, zone: zoneName, type, path, ceph }) {
    const [regions, pools] = await Promise.all([store.regions.list(), store.pools.list()])
    if (!regions.ok) return regions
    if (!pools.ok) return pools
    const zone = zoneNamed(regions.value, zoneName)
    if (!zone.ok) return zone
    const there = pools.value.filter(pool => pool.zone === zone.value.name)
    if (there.some(pool => pool.name === name))
      return refuse('already_exists', `zone ${zone.value.name} has a pool ${name} already; choose another name`, {
        field: 'name',
      })
    const same = there.find(pool => pool.path === path && (pool.type === 'rbd') === (type === 'rbd'))
    if (same)
      return refuse(
        'already_exists',
        `the pool ${same.name} lies in ${path} already; choose another ${ceph ? 'pool of Ceph' : 'directory'}`,
        {
          field: 'path',
        },
      )
    const id = ids.make('storagePool')
    return ok({
      answer: { pool: id },
      subjects: [id],
      changes: [
        {
          do: 'pool.insert',
          pool: {
            ...{ id, zone: zone.value.id, name, type, path, isDefault: there.length === 0 },
            ceph: ceph ? { monitors: ceph.monitors, user: ceph.user } : null,
            cephKey: ceph ? await secrets.seal(new Secret(ceph.key), cephKeyPlace(id)) : null,
          },
          limit: limits.storagePools,
        },
        { do: 'zone.touch', zone: zone.value.id },
        { do: 'event', project: null, type: 'pool.made', subject: id, data: { name, zone: zone.value.name } },
      ],
    })
  },
})
