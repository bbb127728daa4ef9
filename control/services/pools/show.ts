import { ok } from '@sirocco/shared/kit/fault.ts'
import { z } from 'zod'
import { read } from '../verb.ts'
import { thePool } from './the-pool.ts'

/** One pool, and what lies in it. */
export const showPool = read('pools.show', {
  input: z.object({ pool: z.string().min(1).max(64) }),
  async run({ store }, { pool: id }) {
    const pool = await thePool(store, id)
    if (!pool.ok) return pool
    const use = await store.pools.use(pool.value.id)
    return use.ok ? ok({ pool: pool.value, use: use.value }) : use
  },
})
