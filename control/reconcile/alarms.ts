import { ok } from '@sirocco/shared/kit/fault.ts'
import type { Reconciler } from './reconciler.ts'

/** Wakes operations objects whose alarm was lost. */
export const alarms: Reconciler = {
  name: 'alarms',
  async run({ store, pokes, clock }) {
    const due = await store.operations.dueShards(clock.now())
    if (!due.ok) return due
    if (due.value.length > 0) pokes.operations(due.value)
    return ok(due.value.length)
  },
}
