import { ok } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import type { Change } from '../../ports/changes.ts'
import { SnapshotRefs } from '../inputs.ts'
import { write } from '../verb.ts'
import { begin } from '../volumes/begin.ts'

/** Deletes snapshots, all or none. Volumes made from them stay. Refuses `conflict` while a volume is just being made from one. */
export const deleteSnapshots = write('snapshots.delete', {
  input: SnapshotRefs,
  async run(context, { snapshots: refs }) {
    const found = await context.store.snapshots.find(context.scope, [...new Set(refs)])
    if (!found.ok) return found
    const operations: Id<'operation'>[] = []
    const changes: Change[] = []
    for (const snapshot of found.value) {
      if (snapshot.deleted) continue
      const { operation, changes: begins } = begin(context, 'snapshot.delete', snapshot.id, snapshot.generation + 1)
      operations.push(operation)
      changes.push({ do: 'snapshot.delete', snapshot: snapshot.id, version: snapshot.version }, ...begins)
      if (snapshot.host !== null) changes.push({ do: 'host.touch', host: snapshot.host })
    }
    return ok({ answer: { operations }, subjects: found.value.map(s => s.id), changes })
  },
})
