import { ok } from '@sirocco/shared/kit/fault.ts'
import { z } from 'zod'
import { read } from '../verb.ts'
import { thePool } from './the-pool.ts'

/** One pool, what lies in it, and what its hosts say of it. */
export const showPool = read('pools.show', {
  input: z.object({ pool: z.string().min(1).max(64) }),
  async run({ store }, { pool: id }) {
    const pool = await thePool(store, id)
    if (!pool.ok) return pool
    const [use, hosts] = await Promise.all([store.pools.use(pool.value.id), store.pools.onHosts(pool.value.id)])
    if (!use.ok) return use
    return hosts.ok ? ok({ pool: pool.value, use: use.value, hosts: hosts.value }) : hosts
  },
})
