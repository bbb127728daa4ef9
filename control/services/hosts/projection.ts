import { ok } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import type { Wanted } from '@sirocco/shared/wire/objects.ts'
import { z } from 'zod'
import { read } from '../verb.ts'

/** What a host should carry now, seeds and keys of moves and pools left out: what an audit of the host is held against. */
export const projectHost = read('hosts.list', {
  input: z.object({ host: z.string().min(1).max(64) }),
  async run({ store }, { host }) {
    const desired = await store.hosts.desired(host as Id<'host'>)
    if (!desired.ok) return desired
    const { revision, objects } = desired.value
    return ok({ host, revision, objects: objects.map(withoutSeed) })
  },
})

const withoutSeed = (object: Wanted) => {
  if (object.kind === 'import') {
    const { source: _, ...rest } = object
    return rest
  }
  if (object.kind === 'pool' && object.pool.type === 'rbd') {
    const { key: _, ...pool } = object.pool
    return { ...object, pool }
  }
  if (object.kind !== 'machine') return object
  const { seed: _, move: __, ...rest } = object
  return rest
}
