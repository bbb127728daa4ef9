import { limits } from '@sirocco/shared/model/limits.ts'
import { say } from '@sirocco/shared/model/messages.ts'
import type { Backup } from '../domain/backups/backup.ts'
import { reclaimBackup } from './backup-reclaim.ts'
import { backupsWake, isBusy } from './backup-turns.ts'
import { done, park, type Step, type Workflow } from './engine.ts'
import { passingSnapshotEnds } from './passing-snapshot.ts'

/** What others need is known only while none is being taken, and none removed. */
const turn: Step<'backup'> = {
  name: 'turn',
  async run({ world, operation: { generation }, subject: backup }) {
    if (backup.made !== 'ready' || backup.busy || backup.goneAt !== null) return done()
    const others = await isBusy(backup, world)
    if (!others.ok) return others
    return others.value ? park(say('waiting.backup_turn')) : done({ do: 'backup.reclaim', backup: backup.id, generation })
  },
}

const reclaimed: Step<'backup'> = {
  name: 'reclaimed',
  async run({ world, operation, subject: backup }) {
    if (backup.goneAt !== null) return done()
    const { id, volume, project, root } = backup
    // What was stored of one that came to nothing is swept later: its host may just be sending.
    if (root !== null) {
      const kept = await world.store.backups.ofVolume(volume)
      if (!kept.ok) return kept
      const beside = neighbours(backup, kept.value)
      const whole = await reclaimBackup(world.blobs, volume, { id, root }, beside, limits.backupReclaim)
      if (!whole.ok) return whole
      if (!whole.value) return park(say('waiting.reclaiming'))
    }
    const [tidied, next] = [
      await passingSnapshotEnds({ sourceSnapshot: backup.snapshot }, world),
      await backupsWake(backup, world),
    ]
    if (!tidied.ok) return tidied
    if (!next.ok) return next
    return done(
      { do: 'backup.gone', backup: id, generation: operation.generation },
      ...tidied.value,
      { do: 'event', project, type: 'backup.gone', subject: id, data: { operation: operation.id } },
      ...next.value,
    )
  },
}

/**
 * The one before and the one after of those that stay. Each backup stands on the newest that stayed when it was taken: what it has in common with
 * any other, it has in common with the one on that side of it.
 */
function neighbours({ id, turn: own }: Backup, all: readonly Backup[]): { id: string; root: string }[] {
  const stay = all.flatMap(other =>
    other.id !== id && !other.deleted && other.root !== null && other.turn !== null
      ? [{ id: other.id, root: other.root, turn: other.turn }]
      : [],
  )
  const before = stay.findLast(({ turn }) => turn < (own ?? 0))
  const after = stay.find(({ turn }) => turn > (own ?? 0))
  return [...(before ? [before] : []), ...(after ? [after] : [])]
}

/** From an accepted delete to nothing left but what other backups of the volume need. */
export const backupDelete: Workflow<'backup'> = { kind: 'backup.delete', version: 1, steps: [turn, reclaimed], persists: true }
