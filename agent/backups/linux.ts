import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { MiB } from '@sirocco/shared/kit/units.ts'
import { chunkBytes } from '@sirocco/shared/model/backups/table.ts'
import type { BackupObjects, Backups } from '../ports/backups.ts'
import { run as runHere } from '../programs/run.ts'
import type { RunConfined } from '../programs/sandbox.ts'
import { backupsRoom, broughtDisk } from '../storage/brought.ts'
import { createDisk } from '../storage/disk-image.ts'
import { fileFault, isThere, makeDirectory, settle } from '../storage/files.ts'
import { restoreBackup } from './restore.ts'
import { takeBackup } from './take.ts'
import { readWindows, writeWindows } from './windows.ts'

export interface LinuxBackupsParts {
  /** The directory of the volumes. */
  readonly dir: string
  readonly run: RunConfined
  readonly objects: BackupObjects
}

const shape = /^[A-Za-z0-9_-]{1,64}$/

/** Backups of disks on a Linux host, with qemu-img. */
export const linuxBackups = ({ dir, run, objects }: LinuxBackupsParts): Backups => {
  const room = backupsRoom(dir)

  async function within<T>(id: string, signal: AbortSignal, work: (folder: string) => Promise<Result<T>>): Promise<Result<T>> {
    if (!shape.test(id)) return refuse('invalid', 'not an id')
    const folder = join(room, id)
    try {
      await makeDirectory(room)
      await mkdir(folder, { mode: 0o711, recursive: true })
      const result = await work(folder)
      return result.ok || !signal.aborted ? result : refuse('unavailable', 'it was ended')
    } catch (error) {
      return signal.aborted ? refuse('unavailable', 'it was ended') : fileFault(error)
    }
  }

  return {
    async take({ id, base }, frozen, told, signal) {
      const { virtualBytes } = frozen
      if (virtualBytes % chunkBytes !== 0)
        return refuse('unsupported', 'the size of the volume is not a multiple of 64 KiB; grow it to a whole number of MiB')
      const root = base === null ? ok(null) : await objects.root(base)
      if (!root.ok) return root
      try {
        return await within(id, signal, folder =>
          takeBackup({
            id,
            base: base !== null && root.value ? { id: base, root: root.value.root } : null,
            sizeBytes: virtualBytes,
            window: readWindows({ folder, run, signal }, frozen),
            objects,
            told: percent => told(`storing ${percent} %`),
            signal,
          }),
        )
      } finally {
        await rm(join(room, id), { recursive: true, force: true })
      }
    },

    bring({ id, sizeMiB }, backup, told, signal) {
      return within(id, signal, async folder => {
        const path = broughtDisk(dir, id)
        if (await isThere(path)) return ok(undefined)
        const root = await objects.root(backup)
        if (!root.ok) return root
        const { sizeBytes } = root.value
        if (sizeBytes > sizeMiB * MiB) return refuse('invalid', 'the volume is smaller than what the backup holds')
        const making = `${path}.making`
        await rm(making, { force: true })
        const created = await createDisk(runHere, making, sizeMiB)
        if (!created.ok) return created
        const disk = { path: making, sizeBytes: sizeMiB * MiB }
        const window = writeWindows({ folder, run, signal }, disk)
        const restored = await restoreBackup({ backup, root: root.value.root, sizeBytes, objects, window, told, signal })
        if (!restored.ok) return restored
        await settle(making, path)
        return ok(undefined)
      })
    },

    async keepOnly(ids) {
      const names = await readdir(room).catch(() => [])
      await Promise.all(
        names.filter(name => !ids.includes(name)).map(name => rm(join(room, name), { recursive: true, force: true })),
      )
    },
  }
}
