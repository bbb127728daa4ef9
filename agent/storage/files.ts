import { mkdir, open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'

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

/** Gives a whole file its name, on disk before this resolves: after a power cut it is all there or not at all. */
export async function settle(from: string, to: string): Promise<void> {
  await sync(from)
  await rename(from, to)
  await sync(dirname(to))
}
