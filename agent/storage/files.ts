import { access, mkdir, open, readdir, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type Refused, refuse } from '@sirocco/shared/kit/fault.ts'

/** Only with this mode may QEMU's own user pass through to the files that libvirt gives it; it cannot list what is there. */
const passage = 0o711

/** Makes a directory and those above it. */
export const makeDirectory = (path: string) => mkdir(path, { recursive: true, mode: passage })

async function sync(path: string): Promise<void> {
  const file = await open(path, 'r')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

/** What a file holds is on disk before this resolves. */
export const syncFile = (path: string): Promise<void> => sync(path)

/** Gives a whole file its name, on disk before this resolves: after a power cut it is all there or not at all. */
export async function settle(from: string, to: string): Promise<void> {
  await sync(from)
  await rename(from, to)
  await sync(dirname(to))
}

/** A directory's entries are on disk before this resolves. */
export const syncDirectory = (path: string): Promise<void> => sync(path)

export const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )

/** What lies in a directory; nothing where there is none. */
export async function namesIn(path: string): Promise<string[]> {
  try {
    return await readdir(path)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}

/** What the file system refuses, as a fault. */
const codes: Readonly<Record<string, readonly ['capacity' | 'unavailable', string]>> = {
  ENOSPC: ['capacity', "the host's storage is full"],
  EDQUOT: ['capacity', "the host's storage is full"],
  EIO: ['unavailable', "the host's storage does not answer"],
  EROFS: ['unavailable', "the host's storage is read-only"],
}

export function fileFault(error: unknown): Refused {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const detail = error instanceof Error ? error.message : String(error)
  const [fault, message] = codes[code] ?? ['internal', "the host's storage failed"]
  return refuse(fault, message, { detail })
}
