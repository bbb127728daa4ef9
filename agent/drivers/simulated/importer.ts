import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import { MiB } from '@sirocco/shared/kit/units.ts'
import type { Blobs } from '../../ports/blobs.ts'
import type { Importer } from '../../ports/importer.ts'

/** Of every simulated image, as a guest would see it. */
const virtualBytes = 64 * MiB

/** Pretends to fetch and convert, and really stores a few bytes that are different for each source. Whose address ends in `/broken` is refused. */
export const simulatedImporter = (blobs: Blobs): Importer => ({
  async make({ id, source }, told, signal, frozen) {
    if (source.kind === 'url' && new URL(source.url).pathname.endsWith('/broken'))
      return refuse('invalid', 'the file is damaged, or no disk after all')
    if (source.kind === 'snapshot' && !frozen) throw new Error('impossible: a snapshot to read, and nothing of it')
    told(frozen ? 'converting 50 %' : 'fetching 50 %')
    const words = `a simulated image of ${source.kind === 'url' ? source.url : id}\n`
    const folder = await mkdtemp(join(tmpdir(), 'sirocco-import-'))
    try {
      const path = join(folder, 'image')
      await writeFile(path, words)
      const put = await blobs.put(path, percent => told(`storing ${percent} %`), signal)
      if (!put.ok) return put
      const sourceSha256 = createHash('sha256').update(words).digest('hex')
      return ok({
        ...put.value,
        virtualBytes: frozen?.virtualBytes ?? virtualBytes,
        format: 'qcow2',
        sourceBytes: words.length,
        sourceSha256,
      })
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  },
  keepOnly: async () => {},
})
