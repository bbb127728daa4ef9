import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import type { UsageFrame } from '@sirocco/shared/wire/frames.ts'
import { rowsOf } from '../../domain/usage/rows.ts'
import type { Ports } from '../context.ts'

/** Keeps what a host reports, each number once; told again it is kept already. One that comes before its turn is refused: `stale`. */
export async function keepUsage(
  { store, clock }: Pick<Ports, 'store' | 'clock'>,
  host: Id<'host'>,
  { series, oldest, record }: Pick<UsageFrame, 'series' | 'oldest' | 'record'>,
): Promise<Result<void>> {
  const last = await store.usage.last(host, series)
  if (!last.ok) return last
  if (last.value >= record.n) return ok(undefined)
  if (record.n !== last.value + 1 && record.n !== oldest) return refuse('stale', 'a record before this one is still to come')
  const owners = await store.usage.owners([...record.machines, ...record.volumes].map(({ id }) => id))
  if (!owners.ok) return owners
  const flavors = await store.flavors.list()
  if (!flavors.ok) return flavors
  const rows = rowsOf(record, owners.value, flavors.value, clock.now())
  const kept = await store.commit([{ do: 'usage.keep', host, series, n: record.n, oldest, rows }])
  if (kept.ok || kept.fault.code !== 'stale') return kept
  // Another link of the same agent may have brought it just now.
  const now = await store.usage.last(host, series)
  return now.ok && now.value >= record.n ? ok(undefined) : kept
}
