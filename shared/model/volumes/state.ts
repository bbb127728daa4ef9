import type { SnapshotState, VolumeState } from './states.ts'

/** What is wanted and seen of a volume, as far as its state depends on it. */
export interface VolumeFacts {
  readonly desired: {
    readonly generation: number
    /** Wanted gone. */
    readonly deleted: boolean
    /** When the last of it was removed; null while it exists. */
    readonly goneAt: number | null
    /** Does it lie on a host? One that was never used lies nowhere yet. */
    readonly placed: boolean
    readonly machine: string | null
  }
  readonly observed: {
    readonly appliedGeneration: number
    readonly here: boolean
    readonly machine: string | null
    readonly failed: boolean
  } | null
  /** Is whoever observes it heard from? */
  readonly observerAlive: boolean
}

/** The one state that every dialect renders. Pure; order matters: what is final first. */
export function volumeStateOf({ desired, observed, observerAlive }: VolumeFacts): VolumeState {
  if (desired.goneAt !== null) return 'gone'
  if (desired.deleted) return 'deleting'
  if (!desired.placed) return 'available'
  if (!observerAlive) return 'unknown'
  const settled = observed !== null && observed.appliedGeneration >= desired.generation
  if (!observed?.here) return settled && observed.failed ? 'failed' : 'creating'
  if (desired.machine !== null) return observed.machine === desired.machine ? 'in-use' : 'attaching'
  return observed.machine === null ? 'available' : 'detaching'
}

export interface SnapshotFacts {
  readonly desired: { readonly generation: number; readonly deleted: boolean; readonly goneAt: number | null }
  readonly observed: { readonly appliedGeneration: number; readonly here: boolean; readonly failed: boolean } | null
  readonly observerAlive: boolean
}

/** A snapshot that was seen whole stays so, whatever is heard of its host. */
export function snapshotStateOf({ desired, observed, observerAlive }: SnapshotFacts): SnapshotState {
  if (desired.goneAt !== null) return 'gone'
  if (desired.deleted) return 'deleting'
  if (observed?.here) return 'ready'
  if (!observerAlive) return 'unknown'
  return observed !== null && observed.appliedGeneration >= desired.generation && observed.failed ? 'failed' : 'creating'
}
