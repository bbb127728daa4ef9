import { stat } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { z } from 'zod'
import { homeOf, idShape } from './layers.ts'
import { readQcow2 } from './qcow2.ts'

/** Of one opening line. */
export const lineMax = 1_024
/** Files of one volume. */
const filesMax = 256

const FileName = z.string().regex(/^\d{1,6}\.qcow2$/)
/** One file of a volume; `on`: the file of the same volume, or the image by content, that it stands on. */
const Part = z.strictObject({
  name: FileName,
  bytes: z.int().positive(),
  on: z.union([z.strictObject({ file: FileName }), z.strictObject({ image: z.string().regex(/^[0-9a-f]{64}$/) })]).nullable(),
})
export type Part = z.output<typeof Part>
const Parcel = z.strictObject({
  id: z.string().regex(idShape),
  turn: z.int().nonnegative(),
  parts: z.array(Part).min(1).max(filesMax),
})
export type Parcel = z.output<typeof Parcel>
export const Question = z.discriminatedUnion('ask', [
  z.strictObject({ ask: z.literal('prepare'), parcels: z.array(Parcel).max(filesMax) }),
  z.strictObject({ ask: z.literal('finish') }),
  z.strictObject({ ask: z.literal('outcome') }),
])
export type Question = z.output<typeof Question>
export const Opening = z.strictObject({ volume: z.string(), name: FileName })
export type Opening = z.output<typeof Opening>

/** What a volume that no guest has open is spread over, the bottom first; `below`: those files, as they stand. */
export async function parcelOf(
  { dir, images }: { readonly dir: string; readonly images: string },
  id: string,
  below: readonly string[],
  turn: number,
): Promise<Result<Parcel>> {
  const home = homeOf(dir, id)
  const parts: Part[] = []
  for (const path of below) {
    if (dirname(path) === images) continue
    if (dirname(path) !== home)
      return refuse('precondition', 'it stands on a snapshot of another volume: start the machine, and move it while it runs', {
        detail: path,
      })
    const backing = (await readQcow2(path))?.backing ?? null
    const ofImage = backing !== null && dirname(backing) === images
    parts.unshift({
      name: basename(path),
      bytes: (await stat(path)).size,
      on: backing === null ? null : ofImage ? { image: basename(backing) } : { file: basename(backing) },
    })
  }
  return ok({ id, turn, parts })
}
