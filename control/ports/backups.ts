import type { Fault, Result } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import type { BackupResult } from '@sirocco/shared/wire/backups.ts'
import type { Scope } from '../domain/access/principal.ts'
import type { Backup } from '../domain/backups/backup.ts'
import type { Page, Paged, Ref } from './store.ts'

/** A backup's row as it is inserted. */
export interface NewBackup {
  readonly id: Id<'backup'>
  readonly project: Id<'project'>
  readonly name: string
  readonly volume: Id<'volume'>
  readonly volumeAlias: string
  readonly sizeMiB: number
  readonly snapshot: Id<'snapshot'>
}

/** What a batch does to backups. */
export type BackupChange =
  /** Guard `quota` where its volume has too many. */
  | { readonly do: 'backup.insert'; readonly backup: NewBackup }
  /**
   * A host is to take it, on top of the newest that is ready. Guard `stale` by generation, and while anything else happens to the backups of
   * its volume.
   */
  | { readonly do: 'backup.place'; readonly backup: Id<'backup'>; readonly generation: number; readonly host: Id<'host'> }
  /** Guard `stale` by generation. */
  | { readonly do: 'backup.ready'; readonly backup: Id<'backup'>; readonly generation: number; readonly result: BackupResult }
  /** Guard `stale` by generation. */
  | { readonly do: 'backup.fail'; readonly backup: Id<'backup'>; readonly generation: number; readonly fault: Fault }
  /** Guard `stale` unless it is as it was read. */
  | { readonly do: 'backup.holds'; readonly backup: Id<'backup'>; readonly version: number }
  /** Wanted gone; nobody takes it any more. Guard `stale` by version, `conflict` while a volume is to be made from it. */
  | { readonly do: 'backup.delete'; readonly backup: Id<'backup'>; readonly version: number }
  /** What it kept is being removed. Guard `stale` as of `backup.place`. */
  | { readonly do: 'backup.reclaim'; readonly backup: Id<'backup'>; readonly generation: number }
  /** Nothing of it remains, but what others need. Guard `stale` by generation. */
  | { readonly do: 'backup.gone'; readonly backup: Id<'backup'>; readonly generation: number }
  /** It came to nothing, and what was stored of it is removed. */
  | { readonly do: 'backup.swept'; readonly backup: Id<'backup'> }
  | {
      readonly do: 'backup.observed'
      readonly backup: Id<'backup'>
      readonly host: Id<'host'>
      readonly epoch: number
      readonly seq: number
      readonly appliedGeneration: number
      readonly progress: string | null
      readonly fault: Fault | null
      readonly result: BackupResult | null
      readonly digest: string
    }

export interface BackupReads {
  /** In the order asked; `not_found` names the first that the scope cannot see. Gone ones too, while visible. */
  find(scope: Scope, refs: readonly Ref[]): Promise<Result<readonly Backup[]>>
  /** Oldest first; of one volume, or of all. */
  list(scope: Scope, volume: Ref | null, page: Page): Promise<Result<Paged<Backup>>>
  /** Those that are being taken on this host, of these. */
  onHost(host: Id<'host'>, ids: readonly string[]): Promise<Result<readonly Backup[]>>
  /** All of a volume that are not gone, in their turns; those that were not begun last. At most `limits.backupsOfVolume`. */
  ofVolume(volume: Id<'volume'>): Promise<Result<readonly Backup[]>>
  /** May one of these hosts read it: does it take another one of its volume, or is it to make a volume from it? */
  isReadBy(backup: Id<'backup'>, hosts: readonly Id<'host'>[]): Promise<Result<boolean>>
  /** Those that came to nothing before `before`, and of which something may be stored yet. */
  unswept(before: number, limit: number): Promise<Result<readonly { id: Id<'backup'>; volume: Id<'volume'> }[]>>
}
