import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Blobs } from '../../ports/blobs.ts'

/** Pages of a listing that are read: 10,000 keys. */
const pages = 10
/** Keys that R2 removes at once. */
const removed = 1_000

/** Image bytes in R2, or in what stands in for it on one machine. */
export const r2Blobs = (bucket: R2Bucket): Blobs => ({
  async get(key, range) {
    if (range) {
      // R2 throws for a range that begins past the end; whoever asked is to be told the size instead.
      const head = await bucket.head(key)
      if (!head) return null
      if (range.offset >= head.size) return { body: new Blob([]).stream(), size: head.size }
    }
    const object = await bucket.get(key, range ? { range } : {})
    return object ? { body: object.body, size: object.size } : null
  },
  size: async key => (await bucket.head(key))?.size ?? null,
  put: (key, body, sha256) =>
    answered(async () => {
      await bucket.put(key, body, sha256 === null ? {} : { sha256 })
    }),
  list: prefix =>
    answered(async () => {
      const found: { key: string; bytes: number }[] = []
      let cursor: string | undefined
      for (let page = 0; page < pages; page++) {
        const listed: R2Objects = await bucket.list({ prefix, ...(cursor === undefined ? {} : { cursor }) })
        found.push(...listed.objects.map(({ key, size }) => ({ key, bytes: size })))
        if (!listed.truncated) break
        cursor = listed.cursor
      }
      return found
    }),
  remove: keys =>
    answered(async () => {
      for (let i = 0; i < keys.length; i += removed) await bucket.delete(keys.slice(i, i + removed))
    }),
  begin: key => answered(async () => (await bucket.createMultipartUpload(key)).uploadId),
  part: (key, upload, n, body) =>
    answered(async () => {
      const { partNumber, etag } = await bucket.resumeMultipartUpload(key, upload).uploadPart(n, body)
      return { n: partNumber, etag }
    }),
  complete: (key, upload, parts) =>
    answered(async () => {
      await bucket.resumeMultipartUpload(key, upload).complete(parts.map(({ n, etag }) => ({ partNumber: n, etag })))
    }),
})

async function answered<T>(ask: () => Promise<T>): Promise<Result<T>> {
  try {
    return ok(await ask())
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error)
    return /checksum|digest|sha-?256/i.test(detail)
      ? refuse('invalid', 'the bytes are not what their checksum promised; send them again', { detail })
      : refuse('unavailable', 'the store of image bytes does not answer; try again', { detail })
  }
}
