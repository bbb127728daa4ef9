import { type Fault, ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import type { BackupState } from '@sirocco/shared/model/backups/states.ts'
import { say } from '@sirocco/shared/model/messages.ts'
import type { BackupResult } from '@sirocco/shared/wire/backups.ts'

/** What a volume held at one moment, kept in the blob store: it needs neither its volume nor any host. */
export interface Backup {
  readonly id: Id<'backup'>
  readonly project: Id<'project'>
  readonly name: string
  readonly volume: Id<'volume'>
  /** EC2's id of the volume, which may be forgotten before the backup is. */
  readonly volumeAlias: string
  readonly sizeMiB: number
  /** Made for it, and deleted once it is taken. */
  readonly snapshot: Id<'snapshot'>
  /** How far its making is. */
  readonly made: 'creating' | 'ready' | 'failed'
  readonly failure: Fault | null
  /** The host that takes it; null before, and after. */
  readonly host: Id<'host'> | null
  readonly hostAlive: boolean
  /** Among the backups of its volume, in the order in which they were begun; null: not begun. */
  readonly turn: number | null
  /** Whose objects it names beside its own, when it was taken. */
  readonly base: Id<'backup'> | null
  /** It is being taken, or what it kept is being removed: nothing else happens to its volume's backups meanwhile. */
  readonly busy: boolean
  /** SHA-256 of its root; null before it is ready. */
  readonly root: string | null
  readonly sizeBytes: number | null
  /** Bytes of the objects that were made for it. */
  readonly storedBytes: number | null
  /** Volumes that are still to be made from it. */
  readonly awaited: number
  readonly createdAt: number

  /** Wanted gone. */
  readonly deleted: boolean
  readonly generation: number
  readonly version: number
  readonly goneAt: number | null

  readonly observed: {
    readonly appliedGeneration: number
    readonly progress: string | null
    readonly fault: Fault | null
    readonly result: BackupResult | null
    readonly digest: string
  } | null
}

export const stateOfBackup = ({ goneAt, deleted, made }: Pick<Backup, 'goneAt' | 'deleted' | 'made'>): BackupState =>
  goneAt !== null ? 'gone' : deleted ? 'deleting' : made

const nameOf = ({ name, id }: Backup) => name || id

/** Can volumes be made from it? */
export function isReady(backup: Backup): Result<void> {
  const state = stateOfBackup(backup)
  return state === 'ready'
    ? ok(undefined)
    : refuse('precondition', say(`backup.is_${state}`, { name: nameOf(backup) }), { field: 'backup' })
}

/** Does nothing need it any more? */
export const mayGo = (backup: Backup): Result<void> =>
  backup.awaited === 0
    ? ok(undefined)
    : refuse('conflict', say('backup.awaited', { name: nameOf(backup), count: String(backup.awaited) }), { field: backup.id })
