import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ControlPlane } from '../control-plane.ts'
import type { Workerd } from '../workerd.ts'
import { type BuiltFile, measure, tinyCommandLine, tinyImage } from './tiny.ts'

/** What stands for a disk where machines are made up. */
const placeholder = 'a simulated machine has no disk\n'

/** Puts the small boot image into the blob store and registers it, where that was not done before. */
export async function putBootImage(parts: {
  workerd: Workerd
  control: ControlPlane
  cache: string
  simulated: boolean
  say: (detail: string) => void
}): Promise<void> {
  const scratch = mkdtempSync(join(tmpdir(), 'sirocco-image-'))
  try {
    const built = parts.simulated ? simulatedImage(scratch) : await tinyImage(parts.cache, parts.say)
    const files = await Promise.all(built.map(async file => ({ ...file, ...(await measure(file.path)) })))
    for (const { sha256, path } of files) {
      const key = `images/${sha256}`
      if (!(await parts.workerd.hasBlob(key))) await parts.workerd.putBlob(key, path)
    }
    await parts.control.registerImage({
      name: 'sirocco-tiny',
      description: 'A few seconds to boot: BusyBox, SSH, user-data',
      files: files.map(({ role, format, sha256, bytes }) => ({ role, format, sha256, bytes })),
      cmdline: parts.simulated ? null : tinyCommandLine,
    })
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

function simulatedImage(folder: string): BuiltFile[] {
  const path = join(folder, createHash('sha256').update(placeholder).digest('hex'))
  writeFileSync(path, placeholder)
  return [{ role: 'disk', format: 'qcow2', path }]
}
