import { limits } from '@sirocco/shared/model/limits.ts'
import type { Volume } from '../../../domain/volumes/volume.ts'
import { listVolumes } from '../../../services/volumes/list.ts'
import { action } from '../action.ts'
import { namesOf } from '../devices.ts'
import { filterOf, type Looks, tagLooks } from '../filters.ts'
import { pageOf } from '../paging.ts'
import { filters, listOrNone, paging, volumeId } from '../parameters.ts'
import { Refusal } from '../refusal.ts'
import { renderTime } from '../render/time.ts'
import { renderAttachment, renderVolume, volumeStateOf } from '../render/volume.ts'
import { volumesNamed } from '../volumes.ts'

const parameters = { VolumeId: listOrNone(volumeId, limits.bulk), Filter: filters, ...paging }

const attached = (look: (attachment: NonNullable<Volume['attachment']>) => readonly string[]) => (volume: Volume) =>
  volume.attachment ? look(volume.attachment) : []

/** The filters of DescribeVolumes that this platform has an answer to. */
const looks = {
  ...tagLooks,
  'attachment.attach-time': attached(({ at }) => [renderTime(at)]),
  'attachment.delete-on-termination': attached(({ deleteOnTermination }) => [String(deleteOnTermination)]),
  'attachment.device': attached(({ device }) => namesOf(device)),
  'attachment.instance-id': attached(({ machineAlias }) => [machineAlias]),
  'attachment.status': volume => [renderAttachment(volume)?.status ?? 'detached'],
  'availability-zone': volume => [volume.zone],
  'create-time': volume => [renderTime(volume.createdAt)],
  encrypted: () => ['false'],
  'multi-attach-enabled': () => ['false'],
  size: volume => [String(renderVolume(volume).size)],
  'snapshot-id': volume => (volume.sourceSnapshotAlias === null ? [] : [volume.sourceSnapshotAlias]),
  status: volume => [volumeStateOf(volume)],
  'volume-id': volume => [volume.alias],
  'volume-type': volume => [renderVolume(volume).volumeType],
} as const satisfies Looks<Volume>

/** DescribeVolumes: those that machines boot from, too; one that is gone is not there any more. */
export const DescribeVolumes = action({ right: 'volumes.list', noun: 'volume', parameters }, async (request, given) => {
  const filtered = filterOf<Volume>(given.Filter, looks, volume => volume.tags)
  if (given.VolumeId.length > 0) {
    if (given.MaxResults !== undefined)
      throw new Refusal('InvalidParameterCombination', 'The parameter volumeSet cannot be used with the parameter maxResults')
    return { volumeSet: (await volumesNamed(request, given.VolumeId)).filter(filtered).map(renderVolume) }
  }
  const { items, nextToken } = await pageOf({
    ...given,
    passes: (volume: Volume) => volume.goneAt === null && filtered(volume),
    residual: true,
    keyOf: volume => volume.id,
    page: page => request.call(listVolumes, page),
  })
  return { volumeSet: items.map(renderVolume), nextToken }
})
