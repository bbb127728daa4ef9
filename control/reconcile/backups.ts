import { ok } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { backupObjects, listed } from '../ports/blobs.ts'
import type { Reconciler } from './reconciler.ts'

/** Drops what was stored of backups that came to nothing: no other one names it. */
export const backups: Reconciler = {
  name: 'backups',
  async run({ store, blobs, clock }) {
    const due = await store.backups.unswept(clock.now() - limits.backupLinger, limits.reconcilePage)
    if (!due.ok) return due
    for (const { id, volume } of due.value) {
      const stored = await blobs.list(backupObjects(volume, id))
      if (!stored.ok) return stored
      const removed = await blobs.remove(stored.value.map(({ key }) => key))
      if (!removed.ok) return removed
      // There may be more than one list tells.
      if (stored.value.length >= listed) continue
      const swept = await store.commit([{ do: 'backup.swept', backup: id }])
      if (!swept.ok) return swept
    }
    return ok(due.value.length)
  },
}
