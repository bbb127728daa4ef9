import type { Id } from '@sirocco/shared/kit/id.ts'
import type { SeenBackup } from '@sirocco/shared/wire/backups.ts'
import type { Backup } from '../../domain/backups/backup.ts'
import { noticeWork } from '../../domain/operations/notice-work.ts'
import type { Change } from '../../ports/changes.ts'

/** The changes that a look at one backup makes. */
export function noticedBackup(
  { id, project, generation, observed }: Backup,
  seen: SeenBackup,
  at: { readonly host: Id<'host'>; readonly epoch: number; readonly seq: number },
): Change[] {
  const found = noticeWork(observed?.digest ?? null, generation, seen)
  if (!found) return []
  const { wake, ...observation } = found
  const changes: Change[] = [{ do: 'backup.observed', backup: id, ...at, ...observation }]
  if (wake) changes.push({ do: 'operation.wake', subject: id, generation: observation.appliedGeneration })
  else if (observation.progress !== null)
    changes.push({ do: 'event', project, type: 'backup.progress', subject: id, data: { progress: observation.progress } })
  return changes
}
