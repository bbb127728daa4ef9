import type { Result } from '@sirocco/shared/kit/fault.ts'
import type { WantedPool, WantedSnapshot, WantedVolume } from '@sirocco/shared/wire/objects.ts'
import type { DiskMerge, DiskSource, Merging } from './compute.ts'
import type { Arrival, Departure, Peer } from './move.ts'

/** A volume whose bytes lie here. */
export interface FoundVolume {
  readonly source: DiskSource
  readonly sizeMiB: number
  /** Of the last time that it went back to a snapshot; 0: never. */
  readonly turn: number
  /** The pool that it was found in, where nobody said which, and it is not the agent's own directory. */
  readonly pool?: string
}

/** One of the snapshots of a moment, and by what the guest has its volume open; null where none has. */
export interface OfMoment {
  readonly snapshot: WantedSnapshot
  readonly open: string | null
}

/** A guest that has the volume open: by what it has it, and how it is made to go on in another file on top of that. */
export interface OpenIn {
  readonly path: string
  switchTo(path: string): Promise<Result<void>>
}

/** What a snapshot keeps, as a program reads it: nobody writes to it, nor to what it stands on, while the snapshot is here. */
export interface FrozenDisk {
  readonly path: string
  readonly format: 'qcow2' | 'raw'
  /** Of the disk that a guest saw, in bytes. */
  readonly virtualBytes: number
  /** Where it is no file, but a snapshot of an image in Ceph; `path` says the same as QEMU's programs write it. */
  readonly ceph?: {
    readonly pool: string
    readonly image: string
    readonly snapshot: string
    readonly user: string
    readonly conf: string
  }
}

/** Two neighbours among the files that a disk is spread over, the lower of which nobody needs apart any more. */
export interface Merge extends DiskMerge {
  /** Volumes that a guest could have open which stand on the upper file. */
  readonly volumes: readonly string[]
  /** It may be done by the hypervisor of the one guest that has it open, which does not write to it. */
  readonly online: boolean
  /** That has ended, and the guest stands on the lower file now; what is left is to say so. */
  readonly committed: boolean
}

export interface MergeOptions {
  /** The guest that has the upper file open; null where none has either. */
  readonly open: {
    merge(merge: DiskMerge, how: Merging): Promise<Result<void>>
  } | null
  progress(percent: number): void
  /** Ends it at a place from which it may go on another time: `unavailable`. */
  readonly cancel: AbortSignal
}

/**
 * Where bytes of volumes lie. Every verb may run twice and lands once; what is not there is removed already. Faults: `capacity` when the
 * pool is full, `unavailable` when it does not answer, or what the volume is made from is not here yet, `invalid` when an image's bytes
 * are not what was promised.
 */
export interface Volumes {
  /** Forgets how any other pool in Ceph than these is reached, and by what key, where nothing here lies in it. */
  keepOnly(pools: readonly string[]): Promise<void>
  /** How large the pool is here; `unavailable` where its directory is not, or is another. */
  room(pool: WantedPool): Promise<Result<{ readonly totalMiB: number }>>
  /** The volume as it is here; null where it is not. A pool without an id: whichever it lies in. */
  find(volume: Pick<WantedVolume, 'id' | 'pool'>): Promise<Result<FoundVolume | null>>
  /** Makes it from its source, whose files are here; one that is here is left as it is. No guest has it open. */
  make(volume: WantedVolume): Promise<Result<void>>
  /** Makes it as large as is wanted. No guest has it open. */
  grow(volume: WantedVolume): Promise<Result<void>>
  /** Takes it back to the snapshot that is wanted, once for each turn; `not_found` where that is not here. No guest has it open. */
  revert(volume: WantedVolume): Promise<Result<void>>
  /** Removes it; what snapshots and volumes made from those stand on stays until they are gone, too. `elsewhere`: only this host's hold on it. */
  remove(volume: Pick<WantedVolume, 'id' | 'pool' | 'elsewhere'>): Promise<Result<void>>
  /** Contents of image files that anything here stands on, whether it is wanted or not. */
  bases(): Promise<Result<readonly string[]>>
  /** Volumes that are here. */
  list(): Promise<Result<readonly string[]>>

  hasSnapshot(snapshot: WantedSnapshot): Promise<Result<boolean>>
  /** Keeps what the volume holds now. `open`: the guest that has it open; null where none has. */
  snapshot(snapshot: WantedSnapshot, open: OpenIn | null): Promise<Result<void>>
  /**
   * The same of several volumes of one machine at one moment. `switchTo` makes its guest go on in other files, all at once, and says whether its
   * file systems stood still meanwhile; so does the answer, where every volume was open. `whileStill` makes it stand still in memory as long as
   * something is done.
   */
  keepMoment(
    each: readonly OfMoment[],
    switchTo: (files: readonly { readonly volume: string; readonly path: string }[]) => Promise<Result<boolean>>,
    whileStill: (work: () => Promise<Result<void>>) => Promise<Result<void>>,
  ): Promise<Result<boolean>>
  removeSnapshot(snapshot: WantedSnapshot): Promise<Result<void>>
  /** What it keeps, to be read: `not_found` where it is not here. */
  frozen(snapshot: WantedSnapshot): Promise<Result<FrozenDisk>>
  snapshots(): Promise<Result<readonly string[]>>

  /** The next two files of its chain, or of a snapshot's, to become one; null where it is as short as what stands on it allows. */
  merges(volume: Pick<WantedVolume, 'id' | 'pool'>): Promise<Result<Merge | null>>
  /** Makes one of them; every volume and snapshot holds what it did, at each moment until then, too. Takes as long as bytes take. */
  merge(merge: Merge, options: MergeOptions): Promise<Result<void>>
  /** Ends merging of files that it stands on, since a guest is to open it, or to go where its files may not change. */
  still(volume: Pick<WantedVolume, 'id' | 'pool'>): Promise<void>

  /** Sends volumes that no guest has open to the host behind `peer`, which `take`s them; they stay here, too. Ends with where they are to be used. */
  send(
    volumes: readonly Pick<WantedVolume, 'id' | 'pool'>[],
    peer: Peer,
    options: { progress(percent: number): void; readonly cancel: AbortSignal },
  ): Promise<Departure>
  /** Waits for volumes that another host sends; they are made here, and once it came they hold what those hold. */
  take(volumes: readonly WantedVolume[]): Promise<Result<Arrival>>
}
