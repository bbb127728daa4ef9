import type { Id } from '@sirocco/shared/kit/id.ts'
import type { SeenPlace } from '@sirocco/shared/wire/objects.ts'
import type { Change } from '../../ports/changes.ts'

/** The changes that a host's word about one pool makes; `known`: what it said before. */
export function noticedPool(
  host: Id<'host'>,
  { id, totalMiB, fault: refused }: SeenPlace,
  known: readonly { readonly pool: string; readonly totalMiB: number; readonly fault: string | null }[],
): Change[] {
  const pool = id as Id<'storagePool'>
  const fault = refused?.message ?? null
  if (known.some(one => one.pool === pool && one.totalMiB === totalMiB && one.fault === fault)) return []
  return [
    { do: 'pool.seen', host, pool, totalMiB, fault },
    { do: 'event', project: null, type: 'pool.seen', subject: pool, data: { host, usable: fault === null } },
  ]
}
