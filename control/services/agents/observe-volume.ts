import type { Id } from '@sirocco/shared/kit/id.ts'
import type { SeenSnapshot, SeenVolume } from '@sirocco/shared/wire/objects.ts'
import { noticeSnapshot, noticeVolume } from '../../domain/volumes/observe.ts'
import type { Snapshot } from '../../domain/volumes/snapshot.ts'
import type { Volume } from '../../domain/volumes/volume.ts'
import type { Change } from '../../ports/changes.ts'

interface At {
  readonly host: Id<'host'> | null
  readonly epoch: number
  readonly seq: number
}

/** The changes that a look at one volume makes. */
export function noticedVolume(volume: Volume, seen: SeenVolume, at: At, now: number): Change[] {
  const found = noticeVolume(volume, seen, now)
  if (!found) return []
  const { at: _, ...observation } = found.observation
  const changes: Change[] = [{ do: 'volume.observed', volume: volume.id, ...at, ...observation }]
  if (found.wake) changes.push({ do: 'operation.wake', subject: volume.id, generation: seen.applied })
  changes.push({
    do: 'event',
    project: volume.project,
    type: 'volume.state',
    subject: volume.id,
    data: { from: found.from, to: found.to, ...(seen.progress ? { progress: seen.progress } : {}) },
  })
  return changes
}

/** The changes that a look at one snapshot makes. */
export function noticedSnapshot(snapshot: Snapshot, seen: SeenSnapshot, at: At, now: number): Change[] {
  const found = noticeSnapshot(snapshot, seen, now)
  if (!found) return []
  const { at: _, progress: __, ...observation } = found.observation
  const changes: Change[] = [{ do: 'snapshot.observed', snapshot: snapshot.id, ...at, ...observation }]
  if (found.wake) changes.push({ do: 'operation.wake', subject: snapshot.id, generation: seen.applied })
  changes.push({
    do: 'event',
    project: snapshot.project,
    type: 'snapshot.state',
    subject: snapshot.id,
    data: { from: found.from, to: found.to },
  })
  return changes
}
