import { chown, mkdir, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { getuid } from 'node:process'
import { ok, type Result } from '@sirocco/shared/kit/fault.ts'
import { MiB } from '@sirocco/shared/kit/units.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import type { FrozenDisk } from '../ports/volumes.ts'
import { nobody, type RunConfined } from '../programs/sandbox.ts'
import { programFault } from '../storage/disk-image.ts'
import type { WriteWindow } from './restore.ts'
import type { ReadWindow } from './take.ts'

interface Parts {
  /** Of this backup or volume alone; holds the bytes of one window, sparse. */
  readonly folder: string
  readonly run: RunConfined
  readonly signal: AbortSignal
}

/** A part of a disk as QEMU's programs name it; commas in a name are doubled. */
const partOf = ({ path, format, ceph }: Pick<FrozenDisk, 'path' | 'format' | 'ceph'>, offset: number, length: number): string =>
  [
    'driver=raw',
    `offset=${offset}`,
    `size=${length}`,
    ...(ceph
      ? ['file.driver=rbd', ...Object.entries(ceph).map(([name, text]) => `file.${name}=${text.replaceAll(',', ',,')}`)]
      : [`file.driver=${format}`, 'file.file.driver=file', `file.file.filename=${path.replaceAll(',', ',,')}`]),
  ].join(',')

/** Parts of a disk that nobody writes to, each read whole. */
export const readWindows =
  ({ folder, run, signal }: Parts, frozen: FrozenDisk) =>
  async (offset: number, length: number): Promise<Result<ReadWindow>> => {
    const out = join(folder, 'out')
    await rm(out, { recursive: true, force: true })
    await mkdir(out, { mode: 0o700 })
    if (getuid?.() === 0) await chown(out, nobody, nobody)
    const raw = join(out, 'window')
    const source = partOf(frozen, offset, length)
    const ran = await run('qemu-img', ['convert', '--image-opts', source, '-O', 'raw', raw], {
      reads: true,
      ...(frozen.ceph ? { network: true } : {}),
      fileBytes: length + MiB,
      timeout: limits.backupWindow,
      signal,
    })
    if (ran.code !== 0) return programFault('reading the snapshot', ran)
    const file = await open(raw, 'r')
    const isEmpty = (await file.stat()).blocks === 0
    return ok({
      async read(at, into) {
        for (let done = 0; !isEmpty && done < into.length; ) {
          const { bytesRead } = await file.read(into, done, into.length - done, at + done)
          if (bytesRead === 0) return
          done += bytesRead
        }
      },
      async close() {
        await file.close()
        await rm(out, { recursive: true, force: true })
      },
    })
  }

/** Parts of a new qcow2 file that holds nothing yet. */
export const writeWindows =
  ({ folder, run, signal }: Parts, disk: { readonly path: string; readonly sizeBytes: number }) =>
  async (offset: number, length: number): Promise<Result<WriteWindow>> => {
    const raw = join(folder, 'window')
    await rm(raw, { force: true })
    const file = await open(raw, 'wx', 0o600)
    await file.truncate(length)
    return ok({
      async write(at, bytes) {
        await file.write(bytes, 0, bytes.length, at)
      },
      async keep() {
        const target = partOf({ path: disk.path, format: 'qcow2' }, offset, length)
        const ran = await run(
          'qemu-img',
          ['convert', '-n', '--target-is-zero', '-f', 'raw', '--target-image-opts', raw, target],
          {
            changes: true,
            // What it holds, and the tables of the format.
            fileBytes: disk.sizeBytes + Math.ceil(disk.sizeBytes / 512) + 64 * MiB,
            timeout: limits.backupWindow,
            signal,
          },
        )
        return ran.code === 0 ? ok(undefined) : programFault('writing the volume', ran)
      },
      async close() {
        await file.close()
        await rm(raw, { force: true })
      },
    })
  }
