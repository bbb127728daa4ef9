import type { BackupObjects } from '@sirocco/agent/ports/backups.ts'
import { backupObject } from '@sirocco/control/ports/blobs.ts'
import type { Store } from '@sirocco/control/ports/store.ts'
import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import type { BackupRoot } from '@sirocco/shared/wire/backups.ts'
import type { memoryBlobs } from './blobs.ts'

const lost = refuse('precondition', 'there is no such part of a backup')

/** Objects of backups in these blobs, as an agent reaches them through the control plane. */
export function storedObjects(store: Store, { all }: Pick<ReturnType<typeof memoryBlobs>, 'all'>): BackupObjects {
  const find = async (backup: string) => {
    const found = await store.backups.find('platform', [backup])
    return found.ok ? (found.value[0] ?? null) : null
  }
  return {
    async root(backup) {
      const found = await find(backup)
      return found && found.root !== null && found.sizeBytes !== null
        ? ok({ root: found.root, sizeBytes: found.sizeBytes })
        : lost
    },
    async get(backup, name, { offset, length }) {
      const found = await find(backup)
      const bytes = found ? all.get(backupObject(found.volume, name)) : undefined
      return bytes ? ok(Buffer.from(bytes.subarray(offset, offset + length))) : lost
    },
    async put(backup, { level, index }, bytes) {
      const found = await find(backup)
      if (found?.made !== 'creating' || found.host === null) return lost
      all.set(backupObject(found.volume, { maker: backup, level, index }), bytes)
      return ok(undefined)
    },
  }
}

/** Objects of one volume's backups in memory, without a control plane. */
export function memoryObjects(): BackupObjects & { ready(backup: string, root: BackupRoot): void } {
  const all = new Map<string, Buffer>()
  const roots = new Map<string, BackupRoot>()
  return {
    ready: (backup, root) => void roots.set(backup, root),
    async root(backup) {
      const root = roots.get(backup)
      return root ? ok(root) : lost
    },
    async get(_, { maker, level, index }, { offset, length }) {
      const bytes = all.get(`${maker}/${level}/${index}`)
      return bytes ? ok(bytes.subarray(offset, offset + length)) : lost
    },
    async put(backup, { level, index }, bytes) {
      all.set(`${backup}/${level}/${index}`, bytes)
      return ok(undefined)
    },
  }
}
