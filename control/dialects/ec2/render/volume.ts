import type { VolumeState } from '@sirocco/shared/model/volumes/states.ts'
import { stateOfVolume, type Volume } from '../../../domain/volumes/volume.ts'
import { renderTags } from './tags.ts'
import { renderTime } from './time.ts'

/** EC2 counts GiB; what is between is told as the next. */
export const gibOf = (sizeMiB: number): number => Math.ceil(sizeMiB / 1024)

/** Kinds of storage are an admin's to name here: every volume is told as EC2's general one, without rates that nobody promises. */
const volumeType = 'gp3'

const states = {
  creating: 'creating',
  available: 'available',
  attaching: 'in-use',
  'in-use': 'in-use',
  detaching: 'in-use',
  deleting: 'deleting',
  gone: 'deleted',
  failed: 'error',
} as const satisfies Record<Exclude<VolumeState, 'unknown'>, string>

const attachmentStates: Partial<Record<VolumeState, string>> = { 'in-use': 'attached', detaching: 'detaching' }

/** A silent host's: as last known. */
const lastKnown = (volume: Volume) => stateOfVolume({ ...volume, observerAlive: true })

export function volumeStateOf(volume: Volume): string {
  const state = lastKnown(volume)
  return state === 'unknown' ? 'available' : states[state]
}

/** Its attachment, `status` of it where that is what is being done. */
export const renderAttachment = (volume: Volume, status?: 'detaching') =>
  volume.attachment && {
    volumeId: volume.alias,
    instanceId: volume.attachment.machineAlias,
    device: `/dev/${volume.attachment.device}`,
    status: status ?? attachmentStates[lastKnown(volume)] ?? 'attaching',
    attachTime: renderTime(volume.attachment.at),
    deleteOnTermination: volume.attachment.deleteOnTermination,
  }

export const renderVolume = (volume: Volume) => ({
  volumeId: volume.alias,
  size: gibOf(volume.sizeMiB),
  snapshotId: volume.sourceSnapshotAlias ?? '',
  availabilityZone: volume.zone,
  status: volumeStateOf(volume),
  createTime: renderTime(volume.createdAt),
  attachmentSet: volume.attachment ? [renderAttachment(volume)] : [],
  tagSet: renderTags(volume.tags),
  volumeType,
  encrypted: false,
  multiAttachEnabled: false,
})

/** What became of its last growth; null where it never grew. */
export function renderModification(volume: Volume) {
  const { grownFrom, grownAt, host, observed, generation } = volume
  if (grownFrom === null || grownAt === null) return null
  const applied = host === null || (observed !== null && observed.appliedGeneration >= generation)
  const grown = host === null || (observed !== null && observed.sizeMiB >= volume.sizeMiB)
  const failed = !grown && applied && observed?.fault ? observed.fault.message : null
  return {
    volumeId: volume.alias,
    modificationState: grown ? 'completed' : failed === null ? 'modifying' : 'failed',
    statusMessage: failed,
    targetSize: gibOf(volume.sizeMiB),
    targetVolumeType: volumeType,
    targetMultiAttachEnabled: false,
    originalSize: gibOf(grownFrom),
    originalVolumeType: volumeType,
    originalMultiAttachEnabled: false,
    progress: grown ? 100 : 0,
    startTime: renderTime(grownAt),
    endTime: grown ? renderTime(Math.max(grownAt, host === null ? 0 : (observed?.at ?? 0))) : null,
  }
}
