import { z } from 'zod'
import { limits } from '../model/limits.ts'
import { snapshotStates, sourceKinds, volumeStates } from '../model/volumes/states.ts'
import { pageOf } from './page.ts'
import { Reason, Ref, Tags, Time } from './text.ts'

const Name = z.string().min(1).max(255)
const Size = z.int().min(1).max(limits.volumeMiB)

export const Volume = z.strictObject({
  id: z.string(),
  ec2Id: z.string(),
  name: z.string(),
  state: z.enum(volumeStates),
  /** Why it could not be made, attached, detached or grown. */
  stateReason: Reason.nullable(),
  /** What is being done, in one line. */
  progress: z.string().nullable(),
  region: z.string(),
  zone: z.string(),
  pool: z.strictObject({ id: z.string(), name: z.string() }),
  sizeMiB: z.int(),
  /** What it was made from: an image's, a snapshot's or a backup's id. */
  source: z.strictObject({ kind: z.enum(sourceKinds), id: z.string().nullable() }),
  attachment: z
    .strictObject({
      machine: z.string(),
      machineEc2Id: z.string(),
      device: z.string(),
      boot: z.boolean(),
      readOnly: z.boolean(),
      deleteOnTermination: z.boolean(),
      at: Time,
    })
    .nullable(),
  tags: z.record(z.string(), z.string()),
  /** Where it lies, null where it was never used; seen by admins only. */
  host: z.string().nullable().optional(),
  generation: z.int(),
  createdAt: Time,
})
export type Volume = z.output<typeof Volume>
export const VolumePage = pageOf(Volume)
export const VolumeParams = z.strictObject({ id: Ref })

/** Empty where nothing is named that it is made from. */
export const NewVolume = z.strictObject({
  name: Name.optional(),
  sizeMiB: Size.optional(),
  zone: z.string().min(1).max(64).optional(),
  /** By name or id; the zone's default where it is not said. What is made from a snapshot or a volume lies where that does. */
  pool: z.string().min(1).max(64).optional(),
  image: Ref.optional(),
  snapshot: Ref.optional(),
  backup: Ref.optional(),
  /** A copy of this one, as it is now. */
  volume: Ref.optional(),
  tags: Tags.optional(),
})
export type NewVolume = z.input<typeof NewVolume>

export const Attach = z.strictObject({
  machine: Ref,
  /** `vdc` and on; the first that is free where it is not said. `vda` is what the machine boots from. */
  device: z.string().min(3).max(3).optional(),
  readOnly: z.boolean().optional(),
  deleteOnTermination: z.boolean().optional(),
})
/** A snapshot of this very volume. */
export const Revert = z.strictObject({ snapshot: Ref })
export const Grow = z.strictObject({ sizeMiB: Size })

/** The volume as it is now, and what was begun. */
export const AcceptedVolume = z.strictObject({ volume: Volume, operations: z.array(z.string()) })
export type AcceptedVolume = z.output<typeof AcceptedVolume>

export const Snapshot = z.strictObject({
  id: z.string(),
  ec2Id: z.string(),
  name: z.string(),
  state: z.enum(snapshotStates),
  stateReason: Reason.nullable(),
  zone: z.string(),
  volume: z.string(),
  volumeEc2Id: z.string(),
  /** The snapshots that share it hold what the volumes of one machine held at the same moment. */
  moment: z.string().nullable(),
  /** `quiet`: the guest's agent had its file systems stand still. `crash`: as a power cut would leave it. null: not taken yet. */
  consistency: z.enum(['quiet', 'crash']).nullable(),
  sizeMiB: z.int(),
  tags: z.record(z.string(), z.string()),
  createdAt: Time,
})
export type Snapshot = z.output<typeof Snapshot>
export const SnapshotPage = pageOf(Snapshot)
export const NewSnapshot = z.strictObject({ volume: Ref, name: Name.optional(), tags: Tags.optional() })
/** Of all volumes of a machine at once; each snapshot gets the name. */
export const NewMoment = z.strictObject({ name: Name.optional(), tags: Tags.optional() })
export const AcceptedMoment = z.strictObject({
  moment: z.string(),
  snapshots: z.array(Snapshot),
  operations: z.array(z.string()),
})
export type AcceptedMoment = z.output<typeof AcceptedMoment>
export const AcceptedSnapshot = z.strictObject({ snapshot: Snapshot, operations: z.array(z.string()) })
export type AcceptedSnapshot = z.output<typeof AcceptedSnapshot>
