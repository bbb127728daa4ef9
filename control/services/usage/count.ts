import { hour } from '@sirocco/shared/kit/clock.ts'
import { ok, type Result } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { hourOf } from '../../domain/usage/rows.ts'
import type { Ports } from '../context.ts'

/**
 * Counts what no host reports in the hours that are over, oldest first, each once: from when rows began and ended. Answers how many hours that
 * were. What ended is forgotten an hour later at the soonest, so a control plane that was away counts it first.
 */
export async function countUsage({ store, clock }: Pick<Ports, 'store' | 'clock'>): Promise<Result<number>> {
  const counted = await store.usage.counted()
  if (!counted.ok) return counted
  const newest = hourOf(clock.now()) - hour
  let [hours, after] = [0, counted.value]
  for (; hours < limits.usageCatchUp && (after === null || after < newest); hours++) {
    const next: number = after === null ? newest : after + hour
    const written = await store.commit([{ do: 'usage.count', hour: next, after }])
    // Another isolate counts as well.
    if (!written.ok) return written.fault.code === 'stale' ? ok(hours) : written
    after = next
  }
  return ok(hours)
}
