import { open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { limits } from '@sirocco/shared/model/limits.ts'

async function tail(path: string, bytes: number): Promise<Buffer> {
  const file = await open(path, 'r').catch(() => null)
  if (!file) return Buffer.alloc(0)
  try {
    const { size } = await file.stat()
    const length = Math.min(size, bytes)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length)
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}

/** The last `bytes` of a log, across the last time it was begun anew. */
export async function consoleTail(path: string, bytes: number): Promise<Uint8Array> {
  const newest = await tail(path, bytes)
  if (newest.length === bytes) return newest
  const older = await tail(`${path}.0`, bytes - newest.length)
  return Buffer.concat([older, newest])
}

/**
 * Empties a log that has grown past its limit; its writer appends, so it goes on at the beginning. virtlogd, which writes the logs, begins a
 * new file at 2 MiB and keeps three old ones (`.0` the newest): only where libvirt is set to let QEMU write them itself (`stdio_handler =
 * "file"`), nothing else bounds them.
 */
export async function trimLog(path: string): Promise<void> {
  const file = await open(path, 'r+').catch(() => null)
  if (!file) return
  try {
    if ((await file.stat()).size > limits.consoleFile) await file.truncate(0)
  } finally {
    await file.close()
  }
}

/** Whether a name stays within its directory and is no pattern of anything. */
export const isFileName = (name: string): boolean => /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}$/.test(name)

/** Removes a log and those it was begun anew from. */
export async function removeLog(dir: string, name: string): Promise<void> {
  const there = await readdir(dir, { withFileTypes: true }).catch(() => [])
  const ours = there
    .filter(found => found.isFile())
    .map(found => found.name)
    .filter(found => found === name || (found.startsWith(`${name}.`) && /^\d+$/.test(found.slice(name.length + 1))))
  await Promise.all(ours.map(found => rm(join(dir, found), { force: true })))
}
