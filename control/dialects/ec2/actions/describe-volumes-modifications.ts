import { limits } from '@sirocco/shared/model/limits.ts'
import type { Volume } from '../../../domain/volumes/volume.ts'
import { listVolumes } from '../../../services/volumes/list.ts'
import { action } from '../action.ts'
import { filterOf, type Looks } from '../filters.ts'
import { pageOf } from '../paging.ts'
import { filters, listOrNone, paging, volumeId } from '../parameters.ts'
import { Refusal } from '../refusal.ts'
import { renderModification } from '../render/volume.ts'
import { volumesNamed } from '../volumes.ts'

const parameters = { VolumeId: listOrNone(volumeId, limits.bulk), Filter: filters, ...paging }

const of = (look: (modification: NonNullable<ReturnType<typeof renderModification>>) => string | number) => (volume: Volume) => {
  const modification = renderModification(volume)
  return modification ? [String(look(modification))] : []
}
const looks = {
  'modification-state': of(one => one.modificationState),
  'original-size': of(one => one.originalSize),
  'start-time': of(one => one.startTime),
  'target-size': of(one => one.targetSize),
  'volume-id': volume => [volume.alias],
} as const satisfies Looks<Volume>

/** DescribeVolumesModifications: the last growth of each volume; to name one that never grew is an error, as EC2's. */
export const DescribeVolumesModifications = action(
  { right: 'volumes.list', noun: 'volume', parameters },
  async (request, given) => {
    const filtered = filterOf<Volume>(given.Filter, looks)
    if (given.VolumeId.length > 0) {
      const named = await volumesNamed(request, given.VolumeId)
      const never = named.find(volume => volume.grownAt === null)
      if (never)
        throw new Refusal('InvalidVolumeModification.NotFound', `Modification for volume '${never.alias}' does not exist.`)
      return { volumeModificationSet: named.filter(filtered).map(renderModification) }
    }
    const { items, nextToken } = await pageOf({
      ...given,
      passes: (volume: Volume) => volume.goneAt === null && volume.grownAt !== null && filtered(volume),
      residual: true,
      keyOf: volume => volume.id,
      page: page => request.call(listVolumes, page),
    })
    return { volumeModificationSet: items.map(renderModification), nextToken }
  },
)
