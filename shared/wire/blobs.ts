import { z } from 'zod'
import { limits } from '../model/limits.ts'

/** An agent that converts asks to store a content; what is there already needs nothing more (`upload` null). */
export const BlobBegin = z.strictObject({ bytes: z.int().min(1).max(limits.imageBytes) })
export const BlobBegun = z.strictObject({ upload: z.string().min(1).max(2_000).nullable() })

/** One part, stored. */
export const BlobStored = z.strictObject({ n: z.int().min(1).max(10_000), etag: z.string().min(1).max(500) })
export type BlobStored = z.output<typeof BlobStored>

export const BlobComplete = z.strictObject({ parts: z.array(BlobStored).min(1).max(10_000) })
