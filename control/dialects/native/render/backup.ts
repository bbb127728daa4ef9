import type { Backup as BackupJson } from '@sirocco/shared/api/backups.ts'
import { type Backup, stateOfBackup } from '../../../domain/backups/backup.ts'
import { reasonOf } from './reason.ts'
import { time } from './time.ts'

export const backupJson = (backup: Backup): BackupJson => ({
  id: backup.id,
  name: backup.name,
  state: stateOfBackup(backup),
  stateReason: reasonOf(backup.failure),
  progress: backup.made === 'creating' && !backup.deleted ? (backup.observed?.progress ?? null) : null,
  volume: backup.volume,
  volumeEc2Id: backup.volumeAlias,
  sizeMiB: backup.sizeMiB,
  storedBytes: backup.storedBytes,
  base: backup.base,
  createdAt: time(backup.createdAt),
})
