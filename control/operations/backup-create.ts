import { refuse } from '@sirocco/shared/kit/fault.ts'
import { rootLevel } from '@sirocco/shared/model/backups/table.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { say } from '@sirocco/shared/model/messages.ts'
import { stateOfSnapshot } from '../domain/volumes/snapshot.ts'
import { backupObject } from '../ports/blobs.ts'
import type { Change } from '../ports/changes.ts'
import { backupsWake, isBusy } from './backup-turns.ts'
import { done, park, type Step, type Workflow } from './engine.ts'
import { passingSnapshotEnds, passingSnapshotOf } from './passing-snapshot.ts'
import { finalCode } from './steps.ts'

const lost = refuse('precondition', say('backup.lost'))
const touch = (host: `hst_${string}` | null): Change[] => (host === null ? [] : [{ do: 'host.touch', host }])

/** Only the host that the snapshot lies on can read it; and one after the other, since each stands on the one before. */
const place: Step<'backup'> = {
  name: 'place',
  async run({ world, operation: { generation }, subject: backup }) {
    if (backup.made === 'ready' || backup.turn !== null) return done()
    const frozen = await passingSnapshotOf(backup.snapshot, world)
    if (!frozen.ok) return frozen
    const host = frozen.value?.host
    if (!frozen.value || frozen.value.deleted || !host) return lost
    const others = await isBusy(backup, world)
    if (!others.ok) return others
    if (others.value) return park(say('waiting.backup_turn'))
    return done({ do: 'backup.place', backup: backup.id, generation, host }, { do: 'host.touch', host })
  },
  async undo({ world, subject: { snapshot } }) {
    const ended = await passingSnapshotEnds({ sourceSnapshot: snapshot }, world)
    return ended.ok ? done(...ended.value) : ended
  },
}

/** What was frozen only for it goes in the same batch. */
const kept: Step<'backup'> = {
  name: 'kept',
  async run({ world, operation, subject: backup }) {
    if (backup.made === 'ready') return done()
    const frozen = await passingSnapshotOf(backup.snapshot, world)
    if (!frozen.ok) return frozen
    if (!frozen.value || frozen.value.deleted) return lost
    const unfrozen = stateOfSnapshot(frozen.value) === 'failed' ? frozen.value.observed?.fault : null
    if (unfrozen) return { ok: false, fault: { ...unfrozen, code: 'precondition' } }
    const { observed: seen } = backup
    if (!seen || seen.appliedGeneration < operation.generation) {
      if (world.clock.now() - backup.createdAt > limits.backup)
        return refuse('internal', say('backup.too_late', { hours: String(limits.backup / 3_600_000) }))
      if (backup.host !== null && !backup.hostAlive) return park(say('waiting.silent_host'))
      return park(seen?.progress ?? say('waiting.host'))
    }
    if (seen.fault) return { ok: false, fault: { ...seen.fault, code: finalCode(seen.fault) } }
    if (!seen.result) return refuse('internal', 'the host ended without a result; take the backup again')
    const root = backupObject(backup.volume, { maker: backup.id, level: rootLevel, index: 0 })
    if ((await world.blobs.size(root)) === null)
      return refuse('internal', 'what the host kept is not in the blob store; take the backup again')
    const [next, tidied] = [
      await backupsWake(backup, world),
      await passingSnapshotEnds({ sourceSnapshot: backup.snapshot }, world),
    ]
    if (!next.ok) return next
    if (!tidied.ok) return tidied
    return done(
      { do: 'backup.ready', backup: backup.id, generation: operation.generation, result: seen.result },
      ...touch(backup.host),
      { do: 'event', project: operation.project, type: 'backup.ready', subject: backup.id, data: { operation: operation.id } },
      ...tidied.value,
      ...next.value,
    )
  },
}

/** From a volume as it was at one moment to what needs neither it nor its host. */
export const backupCreate: Workflow<'backup'> = {
  kind: 'backup.create',
  version: 1,
  steps: [place, kept],
  failed({ subject: { id, host }, operation: { id: operation, project, generation } }, fault) {
    return [
      { do: 'backup.fail', backup: id, generation, fault },
      ...touch(host),
      { do: 'event', project, type: 'backup.failed', subject: id, data: { operation, message: fault.message } },
    ]
  },
}
