import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import { MiB } from '@sirocco/shared/kit/units.ts'
import { chunkBytes } from '@sirocco/shared/model/backups/table.ts'
import type { BackupObjects, Backups } from '../ports/backups.ts'
import { restoreBackup } from './restore.ts'
import { takeBackup } from './take.ts'

/** Of a simulated disk: so many chunks hold something, so many chunks apart. */
const written = 8
const apart = 40

/** What chunk `n` holds in this snapshot: the first is always another, each of the others one of two. */
const heldBy = (volume: string, snapshot: string, n: number): string =>
  n === 0 ? snapshot : `${volume} ${n} ${snapshot.charCodeAt(snapshot.length - n) % 2}`

/**
 * Takes real backups of disks that are not real: from one snapshot to the next some of what they hold is another, or again what it was. What is
 * given back is read and checked, and kept nowhere.
 */
export const simulatedBackups = (objects: BackupObjects): Backups => ({
  async take({ id, base, volume, snapshot }, { virtualBytes }, told, signal) {
    const root = base === null ? ok(null) : await objects.root(base)
    if (!root.ok) return root
    return takeBackup({
      id,
      base: base !== null && root.value ? { id: base, root: root.value.root } : null,
      sizeBytes: virtualBytes,
      objects,
      told: percent => told(`storing ${percent} %`),
      signal,
      async window(offset) {
        return ok({
          async read(at, into) {
            for (let n = 0; n < written; n++) {
              const place = n * apart * chunkBytes - offset - at
              if (place >= 0 && place < into.length) into.write(heldBy(volume, snapshot, n), place)
            }
          },
          async close() {},
        })
      },
    })
  },
  async bring({ sizeMiB }, backup, told, signal) {
    const root = await objects.root(backup)
    if (!root.ok) return root
    const { root: sha256, sizeBytes } = root.value
    if (sizeBytes > sizeMiB * MiB) return refuse('invalid', 'the volume is smaller than what the backup holds')
    const window = async () => ok({ async write() {}, keep: async () => ok(undefined), async close() {} })
    return restoreBackup({ backup, root: sha256, sizeBytes, objects, window, told, signal })
  },
  keepOnly: async () => {},
})
