import { ok } from '@sirocco/shared/kit/fault.ts'
import { mayGo } from '../../domain/backups/backup.ts'
import { BackupRefs } from '../inputs.ts'
import { write } from '../verb.ts'
import { begin } from '../volumes/begin.ts'

/** Deletes backups, all or none. Others of the same volume stay whole; one that is still being taken is given up. */
export const deleteBackups = write('backups.delete', {
  input: BackupRefs,
  async run(context, { backups: refs }) {
    const found = await context.store.backups.find(context.scope, [...new Set(refs)])
    if (!found.ok) return found
    const asked = found.value.filter(({ deleted }) => !deleted)
    for (const backup of asked) {
      const free = mayGo(backup)
      if (!free.ok) return free
    }
    const begun = asked.map(backup => ({ backup, ...begin(context, 'backup.delete', backup.id, backup.generation + 1) }))
    return ok({
      answer: { operations: begun.map(({ operation }) => operation) },
      subjects: found.value.map(({ id }) => id),
      changes: begun.flatMap(({ backup: { id, version, host }, changes }) => [
        { do: 'backup.delete', backup: id, version } as const,
        ...changes,
        ...(host === null ? [] : [{ do: 'host.touch', host } as const]),
      ]),
    })
  },
})
