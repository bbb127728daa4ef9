import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { z } from 'zod'

/** Bytes of a chunk: qcow2's own cluster, so that what a guest changes costs no more than what the image had to write. */
export const chunkBytes = 64 * 1024
/** Chunks of a pack, 4 MiB: few requests to the blob store, and little that must stay for one chunk's sake. */
export const packChunks = 64

const sha256 = z.string().regex(/^[0-9a-f]{64}$/)
const natural = z.number().int().nonnegative()
const manifestShape = z.strictObject({
  format: z.literal(1),
  sizeBytes: natural.multipleOf(chunkBytes),
  /** Of the packs' bytes: their names in the blob store. */
  packs: z.array(sha256),
  /** Where in the volume, in which pack, where in that, and the SHA-256 in base64; by place. What is not named is zero. */
  chunks: z.array(z.tuple([natural, natural, natural.max(packChunks - 1), z.string().regex(/^[A-Za-z0-9+/]{43}=$/)])),
})

/** All that a volume held at one moment: it needs no other manifest, so any of a volume's backups may go before any other. */
export type Manifest = z.infer<typeof manifestShape>

/** Reads a manifest; every chunk lies in the volume, in one of its packs, and after the one before. */
export function parseManifest(text: string): Result<Manifest> {
  let raw: unknown
  try {
    raw = JSON.parse(text)
  } catch {
    return refuse('invalid', 'the manifest of the backup cannot be read')
  }
  const parsed = manifestShape.safeParse(raw)
  if (!parsed.success) return refuse('invalid', 'the manifest of the backup cannot be read', { detail: parsed.error.message })
  const { sizeBytes, packs, chunks } = parsed.data
  let next = 0
  for (const [place, pack] of chunks) {
    if (place < next || place >= sizeBytes / chunkBytes || pack >= packs.length)
      return refuse('invalid', 'the manifest of the backup names a chunk that cannot be')
    next = place + 1
  }
  return ok(parsed.data)
}

/** Packs of a manifest that goes which none of those that stay names. */
export function packsToReclaim(goes: Manifest, stay: readonly Manifest[]): readonly string[] {
  const needed = new Set(stay.flatMap(({ packs }) => packs))
  return goes.packs.filter(pack => !needed.has(pack))
}
