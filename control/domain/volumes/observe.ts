import { digest } from '@sirocco/shared/kit/canonical.ts'
import type { Fault } from '@sirocco/shared/kit/fault.ts'
import type { SnapshotState, VolumeState } from '@sirocco/shared/model/volumes/states.ts'
import type { SeenSnapshot, SeenVolume } from '@sirocco/shared/wire/objects.ts'
import { type Snapshot, type SnapshotObservation, stateOfSnapshot } from './snapshot.ts'
import { stateOfVolume, type Volume, type VolumeObservation } from './volume.ts'

/** What follows from a look. */
interface Noticed<O, S> {
  readonly observation: O
  readonly from: S
  readonly to: S
  /** Whoever waits for it should look: a generation was finished with. */
  readonly wake: boolean
}

const faultOf = ({ code, message, detail }: NonNullable<SeenVolume['fault']>): Fault => ({
  code,
  message,
  ...(detail === undefined ? {} : { detail }),
})

/** What `seen` says of a volume that is new; null where it says what is known. */
export function noticeVolume(volume: Volume, seen: SeenVolume, at: number): Noticed<VolumeObservation, VolumeState> | null {
  const known = digest(seen)
  if (volume.observed?.digest === known) return null
  const observation: VolumeObservation = {
    appliedGeneration: seen.applied,
    here: seen.here,
    sizeMiB: seen.sizeMiB,
    machine: seen.machine,
    progress: seen.progress ?? null,
    fault: seen.fault ? faultOf(seen.fault) : null,
    digest: known,
    at,
  }
  return {
    observation,
    from: stateOfVolume(volume),
    to: stateOfVolume({ ...volume, observed: observation }),
    wake: seen.applied >= volume.generation || seen.fault !== undefined,
  }
}

/** Of a snapshot, likewise. */
export function noticeSnapshot(
  snapshot: Snapshot,
  seen: SeenSnapshot,
  at: number,
): Noticed<SnapshotObservation, SnapshotState> | null {
  const known = digest(seen)
  if (snapshot.observed?.digest === known) return null
  const observation: SnapshotObservation = {
    appliedGeneration: seen.applied,
    here: seen.here,
    quiet: seen.quiet === true,
    progress: null,
    fault: seen.fault ? faultOf(seen.fault) : null,
    digest: known,
    at,
  }
  return {
    observation,
    from: stateOfSnapshot(snapshot),
    to: stateOfSnapshot({ ...snapshot, observed: observation }),
    wake: seen.applied >= snapshot.generation || seen.fault !== undefined,
  }
}
