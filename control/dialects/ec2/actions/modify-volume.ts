import { limits } from '@sirocco/shared/model/limits.ts'
import { growVolume } from '../../../services/volumes/grow.ts'
import { action } from '../action.ts'
import { ignored, integer, only, volumeId } from '../parameters.ts'
import { Refusal } from '../refusal.ts'
import { renderModification } from '../render/volume.ts'
import { volumeNamed } from '../volumes.ts'

const parameters = {
  VolumeId: volumeId,
  /** GiB. */
  Size: integer(1, limits.volumeMiB / 1024).optional(),
  MultiAttachEnabled: only(['false'], 'a volume is of one machine here; leave MultiAttachEnabled out').optional(),
  // Kinds of storage are an admin's to name here; all volumes are of the default pool.
  VolumeType: ignored,
  Iops: ignored,
  Throughput: ignored,
}

/** ModifyVolume: makes it larger, also under a running guest. */
export const ModifyVolume = action({ right: 'volumes.grow', noun: 'volume', parameters }, async (request, given) => {
  if (given.Size === undefined)
    throw new Refusal('UnsupportedOperation', 'The size is all of a volume that can be modified here; give Size.')
  const before = await volumeNamed(request, given.VolumeId)
  const sizeMiB = given.Size * 1024
  if (sizeMiB === before.sizeMiB)
    throw new Refusal('InvalidParameterValue', `The volume '${before.alias}' has ${given.Size} GiB already.`)
  await request.call(growVolume, { volume: before.id, sizeMiB })
  return { volumeModification: renderModification(await volumeNamed(request, before.id)) }
})
