import { ok } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { imageBytes, uploadedParts } from '../ports/blobs.ts'
import type { Reconciler } from './reconciler.ts'

/** Drops images that were deleted once no machine stands on them, with their bytes, and uploads that nobody ended. */
export const images: Reconciler = {
  name: 'images',
  async run({ store, blobs, clock }) {
    const late = await store.images.unfinished(clock.now() - limits.uploadWithin, limits.reconcilePage)
    if (!late.ok) return late
    for (const { id, generation, project } of late.value) {
      const dropped = await store.commit([
        { do: 'image.delete', image: id, generation },
        { do: 'event', project, type: 'image.deleted', subject: id },
      ])
      if (!dropped.ok && dropped.fault.code !== 'stale') return dropped
    }
    const due = await store.images.reclaimable(clock.now() - limits.imageLinger, limits.reconcilePage)
    if (!due.ok) return due
    for (const { id, contents } of due.value) {
      const parts = await blobs.list(uploadedParts(id))
      if (!parts.ok) return parts
      const removed = await blobs.remove([...parts.value.map(part => part.key), ...contents.map(imageBytes)])
      if (!removed.ok) return removed
      const forgotten = await store.commit([{ do: 'image.forget', image: id }])
      if (!forgotten.ok && forgotten.fault.code !== 'stale') return forgotten
    }
    return ok(late.value.length + due.value.length)
  },
}
