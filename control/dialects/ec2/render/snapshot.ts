import type { SnapshotState } from '@sirocco/shared/model/volumes/states.ts'
import { type Snapshot, stateOfSnapshot } from '../../../domain/volumes/snapshot.ts'
import { renderTags } from './tags.ts'
import { renderTime } from './time.ts'
import { gibOf } from './volume.ts'

/** As EC2's, where a deleted snapshot is not there any more. */
const states = {
  creating: 'pending',
  ready: 'completed',
  deleting: 'error',
  gone: 'error',
  failed: 'error',
  unknown: 'pending',
} as const satisfies Record<SnapshotState, string>

/** Its name here, unless that is what the tag says. */
const descriptionOf = ({ name, tags }: Snapshot): string => (name === tags.Name ? '' : name)

/** What making one answers calls the state `status`, as does the list: the same names. */
export const renderSnapshot = (snapshot: Snapshot, account: string) => {
  const status = states[stateOfSnapshot(snapshot)]
  return {
    snapshotId: snapshot.alias,
    volumeId: snapshot.volumeAlias,
    status,
    statusMessage: snapshot.observed?.fault?.message,
    startTime: renderTime(snapshot.createdAt),
    progress: status === 'completed' ? '100%' : '0%',
    ownerId: account,
    volumeSize: gibOf(snapshot.sizeMiB),
    description: descriptionOf(snapshot),
    encrypted: false,
    storageTier: 'standard',
    tagSet: renderTags(snapshot.tags),
  }
}
export type SnapshotRow = ReturnType<typeof renderSnapshot>
