import type { ImageFile } from '@sirocco/shared/wire/objects.ts'

/** Connections in a row that brought no byte, after which a fetch gives up; whoever wanted it tries again later. */
const barrenTries = 3

/** An answer to a request for bytes from `from` on. */
export interface Ranged {
  readonly status: number
  readonly bytes: AsyncIterable<Uint8Array>
}

/** A file's bytes, gone on with where a connection broke. Throws where it cannot be had now; digests are checked by whoever keeps it. */
export async function* fetchImage(file: ImageFile, get: (from: number) => Promise<Ranged>): AsyncIterable<Uint8Array> {
  let at = 0
  let barren = 0
  let last: unknown = null
  while (at < file.bytes) {
    if (barren >= barrenTries) throw last
    barren++
    try {
      const { status, bytes } = await get(at)
      if (status !== 206 && !(status === 200 && at === 0)) throw new Error(`the image's bytes were answered with ${status}`)
      for await (const part of bytes) {
        const left = part.subarray(0, file.bytes - at)
        at += left.byteLength
        if (left.byteLength > 0) barren = 0
        yield left
        if (left.byteLength < part.byteLength) throw new Error('the image has more bytes than it should')
      }
    } catch (error) {
      last = error
    }
  }
}
