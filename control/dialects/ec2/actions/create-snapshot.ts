import { createSnapshot } from '../../../services/snapshots/create.ts'
import { action } from '../action.ts'
import { never, only, specifiedTags, tagSpecifications, text, volumeId } from '../parameters.ts'
import { renderSnapshot } from '../render/snapshot.ts'
import { snapshotsNamed } from '../snapshots.ts'

const parameters = {
  VolumeId: volumeId,
  Description: text.max(255, 'is longer than 255 characters').default(''),
  TagSpecification: tagSpecifications(['snapshot']),
  Location: only(['regional'], 'snapshots lie beside their volume here; leave Location out').optional(),
  OutpostArn: never('there are no outposts here; leave OutpostArn out'),
}

/** CreateSnapshot, also of a volume that a guest writes to: as a power cut would leave it. */
export const CreateSnapshot = action({ right: 'snapshots.create', noun: 'volume', parameters }, async (request, given) => {
  const made = await request.call(createSnapshot, {
    volume: given.VolumeId,
    tags: specifiedTags(given.TagSpecification, 'snapshot'),
    ...(given.Description.trim() === '' ? {} : { name: given.Description }),
  })
  const [snapshot] = await snapshotsNamed(request, [made.snapshot])
  return snapshot ? renderSnapshot(snapshot, request.principal.account) : {}
})
