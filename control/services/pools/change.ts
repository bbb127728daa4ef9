import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import { z } from 'zod'
import { PoolName } from '../inputs.ts'
import { write } from '../verb.ts'
import { thePool } from './the-pool.ts'

const Input = z.object({
  pool: z.string().min(1).max(64),
  name: PoolName.optional(),
  /** Where volumes of the zone lie from now on when nobody says where; the pool that was it is no longer. */
  isDefault: z.literal(true, 'make another pool the default instead').optional(),
})

/** Renames a pool, or makes it its zone's default. What lies somewhere stays there. */
export const changePool = write('pools.change', {
  input: Input,
  async run({ store }, { pool: id, name, isDefault }) {
    if (name === undefined && isDefault === undefined) return refuse('invalid', 'say what to change: name or isDefault')
    const found = await thePool(store, id)
    if (!found.ok) return found
    const pool = found.value
    const answer = { pool: pool.id }
    const renamed = name !== undefined && name !== pool.name
    const preferred = isDefault === true && !pool.isDefault
    if (!renamed && !preferred) return ok({ answer, subjects: [pool.id], changes: [] })
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
        { do: 'pool.update', id: pool.id, ...(renamed ? { name } : {}), ...(preferred ? { isDefault } : {}) },
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
