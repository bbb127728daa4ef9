import type { Result } from '@sirocco/shared/kit/fault.ts'
import type { OperationKind } from '@sirocco/shared/model/operations/states.ts'
import type { Backup } from '../domain/backups/backup.ts'
import type { Host } from '../domain/hosts/host.ts'
import type { Orphan } from '../domain/hosts/orphan.ts'
import type { Image } from '../domain/images/image.ts'
import type { Machine } from '../domain/machines/machine.ts'
import type { Migration } from '../domain/migrations/migration.ts'
import type { Snapshot } from '../domain/volumes/snapshot.ts'
import type { Volume } from '../domain/volumes/volume.ts'
import type { Store } from '../ports/store.ts'

/** What operations are about, by noun. Each has an `id` and a `generation`: a newer intent supersedes the operations of an older. */
export interface Subjects {
  readonly machine: Machine
  readonly volume: Volume
  readonly snapshot: Snapshot
  readonly backup: Backup
  readonly migration: Migration
  readonly host: Host
  readonly orphan: Orphan
  readonly image: Image
}
export type SubjectNoun = keyof Subjects
export type Subject = Subjects[SubjectNoun]

/** How they are read, many at once: `not_found` where one is forgotten. */
export const finders: {
  readonly [N in SubjectNoun]: (store: Store, refs: readonly string[]) => Promise<Result<readonly Subjects[N][]>>
} = {
  machine: (store, refs) => store.machines.find('platform', refs),
  volume: (store, refs) => store.volumes.find('platform', refs),
  snapshot: (store, refs) => store.snapshots.find('platform', refs),
  backup: (store, refs) => store.backups.find('platform', refs),
  migration: (store, refs) => store.migrations.find(refs),
  host: (store, refs) => store.hosts.find(refs),
  orphan: (store, refs) => store.orphans.find(refs),
  image: (store, refs) => store.images.many(refs),
}

const nouns = new Set<string>(Object.keys(finders))
const isNoun = (word: string): word is SubjectNoun => nouns.has(word)

/** `machine.create` is about a machine. */
export function subjectNoun(kind: OperationKind): SubjectNoun {
  const [noun = ''] = kind.split('.')
  if (!isNoun(noun)) throw new Error(`impossible: no finder for the subject of ${kind}`)
  return noun
}
