import { z } from 'zod'
import { imageFormats } from '../model/images/formats.ts'
import { WireFault, WireId, words } from './words.ts'

/** What the fetched bytes must come to; `url` names a file of checksums, as distributions publish them. */
export const WireChecksum = z.discriminatedUnion('by', [
  z.strictObject({ by: z.literal('sha256'), hex: z.string().regex(/^[0-9a-f]{64}$/) }),
  z.strictObject({ by: z.literal('sha512'), hex: z.string().regex(/^[0-9a-f]{128}$/) }),
  z.strictObject({ by: z.literal('file'), url: z.url() }),
])
export type WireChecksum = z.output<typeof WireChecksum>

/** Where an image's bytes come from: a public address, parts that somebody uploaded, or a snapshot on the host that makes it. */
export const ImportSource = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('url'), url: z.url(), checksum: WireChecksum.nullable() }),
  z.strictObject({
    kind: z.literal('upload'),
    bytes: z.int().positive(),
    /** Of every part but the last. */
    partBytes: z.int().positive(),
    checksum: WireChecksum.nullable(),
  }),
  z.strictObject({ kind: z.literal('snapshot'), snapshot: z.string(), volume: z.string() }),
])
export type ImportSource = z.output<typeof ImportSource>

/** What a host whose agent converts is to make of somebody's image. It vanishes once its result is known here, or nobody wants it any more. */
export const WantedImport = z.strictObject({
  kind: z.literal('import'),
  /** The image's. */
  id: z.string(),
  generation: z.int().nonnegative(),
  source: ImportSource,
  /** Of what is fetched, and of the disk as a guest sees it. */
  maxBytes: z.int().positive(),
  maxVirtualBytes: z.int().positive(),
})
export type WantedImport = z.output<typeof WantedImport>

/** What became of the bytes: a qcow2 in the blob store under its content's name. */
export const ImportResult = z.strictObject({
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  bytes: z.int().positive(),
  virtualBytes: z.int().positive(),
  /** What it was before. */
  format: z.enum(imageFormats),
  sourceBytes: z.int().positive(),
  sourceSha256: z.string().regex(/^[0-9a-f]{64}$/),
})
export type ImportResult = z.output<typeof ImportResult>

export const SeenImport = z.strictObject({
  kind: z.literal('import'),
  id: WireId,
  /** The generation that is finished with: then with `result`, or with `fault`. */
  applied: z.int().min(-1),
  /** `fetching 40 %`, `converting 12 %`. */
  progress: words(200).optional(),
  result: ImportResult.optional(),
  fault: WireFault.optional(),
})
export type SeenImport = z.output<typeof SeenImport>
