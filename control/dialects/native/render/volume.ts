import type { Snapshot as SnapshotJson, Volume as VolumeJson } from '@sirocco/shared/api/volumes.ts'
import { type Snapshot, stateOfSnapshot } from '../../../domain/volumes/snapshot.ts'
import { stateOfVolume, type Volume } from '../../../domain/volumes/volume.ts'
import { reasonOf } from './reason.ts'
import { time } from './time.ts'

/** A volume as the native API tells it; on which host only to admins. */
export const volumeJson = (volume: Volume, admin: boolean): VolumeJson => ({
  id: volume.id,
  ec2Id: volume.alias,
  name: volume.name,
  state: stateOfVolume(volume),
  stateReason: reasonOf(volume.observed?.fault ?? null),
  progress: volume.observed?.progress ?? null,
  region: volume.region,
  zone: volume.zone,
  pool: { id: volume.pool.id, name: volume.pool.name },
  sizeMiB: volume.sizeMiB,
  source: { kind: volume.sourceKind, id: volume.sourceImage ?? volume.sourceSnapshot ?? volume.sourceBackup },
  attachment: volume.attachment && {
    machine: volume.attachment.machine,
    machineEc2Id: volume.attachment.machineAlias,
    device: volume.attachment.device,
    boot: volume.attachment.boot,
    readOnly: volume.attachment.readOnly,
    deleteOnTermination: volume.attachment.deleteOnTermination,
    at: time(volume.attachment.at),
  },
  tags: { ...volume.tags },
  ...(admin ? { host: volume.host } : {}),
  generation: volume.generation,
  createdAt: time(volume.createdAt),
})

export const snapshotJson = (snapshot: Snapshot): SnapshotJson => ({
  id: snapshot.id,
  ec2Id: snapshot.alias,
  name: snapshot.name,
  state: stateOfSnapshot(snapshot),
  stateReason: reasonOf(snapshot.observed?.fault ?? null),
  zone: snapshot.zone,
  volume: snapshot.volume,
  volumeEc2Id: snapshot.volumeAlias,
  moment: snapshot.moment,
  consistency: snapshot.observed?.here ? (snapshot.observed.quiet ? 'quiet' : 'crash') : null,
  sizeMiB: snapshot.sizeMiB,
  tags: { ...snapshot.tags },
  createdAt: time(snapshot.createdAt),
})
