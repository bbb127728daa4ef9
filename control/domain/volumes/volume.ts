import type { Fault } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { volumeStateOf } from '@sirocco/shared/model/volumes/state.ts'
import type { PoolType, SourceKind } from '@sirocco/shared/model/volumes/states.ts'

/** A volume as every dialect and decision reads it. */
export interface Volume {
  readonly id: Id<'volume'>
  /** EC2's id: `vol-` and 17 hex digits. */
  readonly alias: string
  readonly project: Id<'project'>
  readonly name: string
  readonly region: string
  readonly zone: string
  readonly zoneId: Id<'zone'>
  readonly pool: { readonly id: Id<'storagePool'>; readonly name: string; readonly type: PoolType; readonly path: string | null }
  /** Where its bytes lie; null while it was never used, and once it is gone. */
  readonly host: Id<'host'> | null
  readonly sizeMiB: number
  readonly sourceKind: SourceKind
  readonly sourceImage: Id<'image'> | null
  readonly sourceSnapshot: Id<'snapshot'> | null
  readonly sourceBackup: Id<'backup'> | null
  /** EC2's id of that snapshot; null where it was made for a copy only, or is long forgotten. */
  readonly sourceSnapshotAlias: string | null
  /** What it went back to last, or is to; by the intent of that generation. */
  readonly revertSnapshot: Id<'snapshot'> | null
  readonly revertTurn: number | null
  /** MiB before it last became larger, and when that was asked for; null where it never did. */
  readonly grownFrom: number | null
  readonly grownAt: number | null
  /** The image at the bottom of what it was made from; null where there is none. */
  readonly baseImage: Id<'image'> | null
  readonly attachment: {
    readonly machine: Id<'machine'>
    /** EC2's id of the machine. */
    readonly machineAlias: string
    readonly device: string
    readonly boot: boolean
    readonly readOnly: boolean
    readonly deleteOnTermination: boolean
    readonly at: number
    /** What its machine boots from while that is in rescue; null: it is not. */
    readonly rescueVolume: Id<'volume'> | null
  } | null
  readonly tags: Readonly<Record<string, string>>
  readonly createdAt: number

  /** Wanted gone. */
  readonly deleted: boolean
  readonly generation: number
  readonly version: number
  readonly goneAt: number | null

  readonly observed: VolumeObservation | null
  readonly observerAlive: boolean
}

export interface VolumeObservation {
  readonly appliedGeneration: number
  readonly here: boolean
  readonly sizeMiB: number
  readonly machine: string | null
  readonly progress: string | null
  readonly fault: Fault | null
  /** Of what the observer said: the same again is not written again. */
  readonly digest: string
  readonly at: number
}

export const stateOfVolume = ({ deleted, goneAt, generation, host, attachment, observed, observerAlive }: Volume) =>
  volumeStateOf({
    desired: { generation, deleted, goneAt, placed: host !== null, machine: attachment?.machine ?? null },
    observed: observed && { ...observed, failed: observed.fault !== null },
    observerAlive,
  })

/** A change of what is wanted of a volume, guarded by the version it was decided on. */
export interface VolumeIntent {
  readonly volume: Id<'volume'>
  readonly version: number
  readonly generation: number
  readonly sizeMiB: number
  readonly deleted: boolean
}

/** The next intent, alike but for what is said. */
export const nextIntent = (
  { id, version, generation, sizeMiB, deleted }: Pick<Volume, 'id' | 'version' | 'generation' | 'sizeMiB' | 'deleted'>,
  change: Partial<Pick<VolumeIntent, 'sizeMiB' | 'deleted'>> = {},
): VolumeIntent => ({ volume: id, version, generation: generation + 1, sizeMiB, deleted, ...change })
