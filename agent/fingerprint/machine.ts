import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'

/** What tells this machine from others, and one boot of it from the next. */
export interface MachinePrint {
  /** A digest: the machine's own id is nobody else's business. */
  readonly fingerprint: string
  readonly bootId: string
}

/** Reads both below `root` (`/`, but in tests). */
export async function machinePrint(root = '/'): Promise<MachinePrint> {
  const read = async (path: string) => (await readFile(join(root, path), 'utf8').catch(() => '')).trim()
  const id = (await read('etc/machine-id')) || `no machine-id ${hostname()}`
  const bootId = await read('proc/sys/kernel/random/boot_id')
  if (bootId === '') throw new Error('this machine does not say which boot it is in: /proc/sys/kernel/random/boot_id')
  return { fingerprint: createHash('sha256').update(`sirocco agent\n${id}`).digest('hex'), bootId }
}
