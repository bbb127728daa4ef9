import type { Id } from '@sirocco/shared/kit/id.ts'
import type { SeenImport } from '@sirocco/shared/wire/imports.ts'
import type { Image } from '../../domain/images/image.ts'
import { noticeWork } from '../../domain/operations/notice-work.ts'
import type { Change } from '../../ports/changes.ts'

/** The changes that a look at one import makes. */
export function noticedImport(
  image: Image,
  seen: SeenImport,
  at: { readonly host: Id<'host'>; readonly epoch: number; readonly seq: number },
): Change[] {
  const found = noticeWork(image.import?.observed?.digest ?? null, image.generation, seen)
  if (!found) return []
  const { wake, ...observation } = found
  const changes: Change[] = [{ do: 'image.observed', image: image.id, ...at, ...observation }]
  if (wake) changes.push({ do: 'operation.wake', subject: image.id, generation: observation.appliedGeneration })
  else if (observation.progress !== null && image.project !== null)
    changes.push({
      do: 'event',
      project: image.project,
      type: 'image.progress',
      subject: image.id,
      data: { progress: observation.progress },
    })
  return changes
}
