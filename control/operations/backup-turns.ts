import { ok, type Result } from '@sirocco/shared/kit/fault.ts'
import type { Backup } from '../domain/backups/backup.ts'
import type { Change } from '../ports/changes.ts'
import type { World } from './engine.ts'

/** Does anything else happen to the backups of its volume? */
export async function isBusy({ id, volume }: Backup, { store }: World): Promise<Result<boolean>> {
  const others = await store.backups.ofVolume(volume)
  return others.ok ? ok(others.value.some(other => other.busy && other.id !== id)) : others
}

/** Those of the same volume that wait for their turn look again. */
export async function backupsWake({ id, volume }: Backup, { store }: World): Promise<Result<Change[]>> {
  const others = await store.backups.ofVolume(volume)
  if (!others.ok) return others
  const waiting = others.value.filter(
    other => other.id !== id && (other.deleted || (other.made === 'creating' && other.turn === null)),
  )
  return ok(waiting.map(({ id: subject, generation }): Change => ({ do: 'operation.wake', subject, generation })))
}
