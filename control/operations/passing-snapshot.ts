import { ok, type Result } from '@sirocco/shared/kit/fault.ts'
import { workflowVersions } from '../domain/operations/workflows.ts'
import type { Snapshot } from '../domain/volumes/snapshot.ts'
import type { Change } from '../ports/changes.ts'
import type { World } from './engine.ts'

/** The snapshot that something is made from; null once that is forgotten. */
export async function passingSnapshotOf(snapshot: string, { store }: Pick<World, 'store'>): Promise<Result<Snapshot | null>> {
  const found = await store.snapshots.find('platform', [snapshot])
  if (!found.ok) return found.fault.code === 'not_found' ? ok(null) : found
  return ok(found.value[0] ?? null)
}

/** The end of a snapshot that was made only for this volume, image or backup to be made from it; nothing where there is none, or it is going already. */
export async function passingSnapshotEnds(
  { sourceSnapshot }: { readonly sourceSnapshot: string | null },
  world: World,
): Promise<Result<Change[]>> {
  if (sourceSnapshot === null) return ok([])
  const found = await passingSnapshotOf(sourceSnapshot, world)
  if (!found.ok) return found
  const snapshot = found.value
  if (!snapshot?.passing || snapshot.deleted) return ok([])
  const { id, project, version, generation, host } = snapshot
  return ok([
    { do: 'snapshot.delete', snapshot: id, version },
    {
      do: 'operation.start',
      operation: {
        id: world.ids.make('operation'),
        kind: 'snapshot.delete',
        workflow: workflowVersions['snapshot.delete'],
        project,
        subject: id,
        generation: generation + 1,
      },
    },
    ...(host === null ? [] : [{ do: 'host.touch', host } as const]),
  ])
}
