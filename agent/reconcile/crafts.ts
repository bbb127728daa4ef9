import { refuse } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import type { BackupResult, WantedBackup } from '@sirocco/shared/wire/backups.ts'
import type { ImportResult, WantedImport } from '@sirocco/shared/wire/imports.ts'
import type { Backups } from '../ports/backups.ts'
import type { Importer } from '../ports/importer.ts'
import type { Craft } from './work.ts'

/** Images of what people bring, or of what a volume held; null where this agent makes none. */
export const importing = (importer: Importer | null): Craft<WantedImport, ImportResult> => ({
  kind: 'import',
  most: limits.converting,
  snapshotOf: ({ source }) => (source.kind === 'snapshot' ? source.snapshot : null),
  make: async (wanted, frozen, told, signal) =>
    importer
      ? importer.make(wanted, told, signal, frozen)
      : refuse('unsupported', 'this host makes no images; ask an administrator for an agent that converts'),
  seen: word => ({ kind: 'import', ...word }),
})

/** Backups of what snapshots keep; null where this agent reaches no store of them. */
export const backingUp = (backups: Backups | null): Craft<WantedBackup, BackupResult> => ({
  kind: 'backup',
  most: limits.backingUp,
  snapshotOf: ({ snapshot }) => snapshot,
  async make(wanted, frozen, told, signal) {
    if (!frozen) throw new Error('impossible: a backup of no snapshot')
    return backups
      ? backups.take(wanted, frozen, told, signal)
      : refuse('unsupported', 'this host takes no backups; ask an administrator')
  },
  seen: word => ({ kind: 'backup', ...word }),
})
