import type { Fault } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { snapshotStateOf } from '@sirocco/shared/model/volumes/state.ts'
import type { PoolType } from '@sirocco/shared/model/volumes/states.ts'

/** What a volume held at one moment. */
export interface Snapshot {
  readonly id: Id<'snapshot'>
  /** EC2's id: `snap-` and 17 hex digits. */
  readonly alias: string
  readonly project: Id<'project'>
  readonly name: string
  readonly region: string
  readonly zone: string
  readonly zoneId: Id<'zone'>
  readonly pool: { readonly id: Id<'storagePool'>; readonly name: string; readonly type: PoolType; readonly path: string | null }
  /** Where its bytes lie: beside its volume's. */
  readonly host: Id<'host'> | null
  readonly volume: Id<'volume'>
  readonly volumeAlias: string
  /** Made for a copy of its volume, and deleted when that is there. */
  readonly passing: boolean
  /** Shared by the snapshots that were asked for all volumes of a machine at once: the id of the first. */
  readonly moment: Id<'snapshot'> | null
  readonly sizeMiB: number
  readonly tags: Readonly<Record<string, string>>
  readonly createdAt: number

  readonly deleted: boolean
  readonly generation: number
  readonly version: number
  readonly goneAt: number | null

  readonly observed: SnapshotObservation | null
  readonly observerAlive: boolean
}

export interface SnapshotObservation {
  readonly appliedGeneration: number
  readonly here: boolean
  /** Did the guest's file systems stand still while it was taken? */
  readonly quiet: boolean
  readonly progress: null
  readonly fault: Fault | null
  readonly digest: string
  readonly at: number
}

export const stateOfSnapshot = ({ deleted, goneAt, generation, observed, observerAlive }: Snapshot) =>
  snapshotStateOf({
    desired: { generation, deleted, goneAt },
    observed: observed && { ...observed, failed: observed.fault !== null },
    observerAlive,
  })
