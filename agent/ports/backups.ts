import type { Result } from '@sirocco/shared/kit/fault.ts'
import type { ObjectName } from '@sirocco/shared/model/backups/table.ts'
import type { BackupResult, BackupRoot, WantedBackup } from '@sirocco/shared/wire/backups.ts'
import type { FrozenDisk } from './volumes.ts'

/** Objects of backups in the control plane's blob store. Faults: `unavailable` where trying again may help. */
export interface BackupObjects {
  root(backup: string): Promise<Result<BackupRoot>>
  /** Of those that this backup names; `length` bytes at most. */
  get(backup: string, name: ObjectName, range: { readonly offset: number; readonly length: number }): Promise<Result<Buffer>>
  /** An object of this backup, which is being taken here; the same again is kept as it is. */
  put(backup: string, name: Pick<ObjectName, 'level' | 'index'>, bytes: Buffer, sha256: string): Promise<Result<void>>
}

/**
 * Takes backups of what snapshots keep, and gives them back. Runs twice, lands once. Faults: `unavailable` where trying again may help; every
 * other is the end of it.
 */
export interface Backups {
  /** `told` hears how far it is, in words. Ends soon after `signal`. */
  take(
    wanted: WantedBackup,
    frozen: FrozenDisk,
    told: (progress: string) => void,
    signal: AbortSignal,
  ): Promise<Result<BackupResult>>
  /** Brings what a backup holds to this host, where the volumes port makes this volume of it. */
  bring(
    volume: { readonly id: string; readonly sizeMiB: number },
    backup: string,
    told: (percent: number) => void,
    signal: AbortSignal,
  ): Promise<Result<void>>
  /** Drops what is kept here for other backups and volumes than these. */
  keepOnly(ids: readonly string[]): Promise<void>
}
