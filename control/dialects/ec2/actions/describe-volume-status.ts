import { limits } from '@sirocco/shared/model/limits.ts'
import { stateOfVolume, type Volume } from '../../../domain/volumes/volume.ts'
import { listVolumes } from '../../../services/volumes/list.ts'
import { action } from '../action.ts'
import { filterOf, type Looks } from '../filters.ts'
import { pageOf } from '../paging.ts'
import { filters, listOrNone, paging, volumeId } from '../parameters.ts'
import { volumesNamed } from '../volumes.ts'

const parameters = { VolumeId: listOrNone(volumeId, limits.bulk), Filter: filters, ...paging }

/** A silent host says nothing of its volumes; one that could not be made has nothing to read. */
function healthOf(volume: Volume): { readonly status: string; readonly enabled: string } {
  const state = stateOfVolume(volume)
  if (state === 'unknown') return { status: 'insufficient-data', enabled: 'insufficient-data' }
  return state === 'failed' ? { status: 'impaired', enabled: 'failed' } : { status: 'ok', enabled: 'passed' }
}

const looks = {
  'availability-zone': volume => [volume.zone],
  'volume-status.details-name': () => ['io-enabled'],
  'volume-status.details-status': volume => [healthOf(volume).enabled],
  'volume-status.status': volume => [healthOf(volume).status],
} as const satisfies Looks<Volume>

const renderStatus = (volume: Volume) => {
  const { status, enabled } = healthOf(volume)
  return {
    volumeId: volume.alias,
    availabilityZone: volume.zone,
    volumeStatus: { status, details: [{ name: 'io-enabled', status: enabled }] },
    eventsSet: [],
    actionsSet: [],
  }
}

/** DescribeVolumeStatus: whether each can be read and written, as far as is known. */
export const DescribeVolumeStatus = action({ right: 'volumes.list', noun: 'volume', parameters }, async (request, given) => {
  const filtered = filterOf<Volume>(given.Filter, looks)
  if (given.VolumeId.length > 0)
    return { volumeStatusSet: (await volumesNamed(request, given.VolumeId)).filter(filtered).map(renderStatus) }
  const { items, nextToken } = await pageOf({
    ...given,
    passes: (volume: Volume) => volume.goneAt === null && filtered(volume),
    residual: true,
    keyOf: volume => volume.id,
    page: page => request.call(listVolumes, page),
  })
  return { volumeStatusSet: items.map(renderStatus), nextToken }
})
