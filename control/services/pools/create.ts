import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { poolPath } from '@sirocco/shared/model/volumes/pool-path.ts'
import { poolTypes } from '@sirocco/shared/model/volumes/states.ts'
import { z } from 'zod'
import { PoolName } from '../inputs.ts'
import { zoneNamed } from '../regions/find.ts'
import { write } from '../verb.ts'

const Input = z.object({
  name: PoolName,
  zone: z.string().max(64).optional(),
  /** `nfs`: the directory is one and the same on all hosts of the zone, which have it mounted. */
  type: z.enum(poolTypes).default('directory'),
  /** Of each host of the zone that is to have volumes of it; it is there already. */
  path: z
    .string()
    .max(200)
    .regex(poolPath, 'an absolute path such as /srv/fast, in plain words, and none that the system keeps for itself'),
})

/** Makes a pool of a zone: a directory of the same name on its hosts, each with volumes of its own, or one directory that they share. */
export const createPool = write('pools.create', {
  input: Input,
  async run({ store, ids }, { name, zone: zoneName, type, path }) {
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
    const same = there.find(pool => pool.path === path)
    if (same)
      return refuse('already_exists', `the pool ${same.name} lies in ${path} already; choose another directory`, {
        field: 'path',
      })
    const id = ids.make('storagePool')
    return ok({
      answer: { pool: id },
      subjects: [id],
      changes: [
        {
          do: 'pool.insert',
          pool: { id, zone: zone.value.id, name, type, path, isDefault: there.length === 0 },
          limit: limits.storagePools,
        },
        { do: 'zone.touch', zone: zone.value.id },
        { do: 'event', project: null, type: 'pool.made', subject: id, data: { name, zone: zone.value.name } },
      ],
    })
  },
})
