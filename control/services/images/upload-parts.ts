import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { z } from 'zod'
import type { Image } from '../../domain/images/image.ts'
import { bytesOfPart, partsOf, type Upload } from '../../domain/images/upload.ts'
import { uploadedPart, uploadedParts } from '../../ports/blobs.ts'
import { Ref } from '../inputs.ts'
import { type Context, read, write } from '../verb.ts'
import { importBegins } from './new.ts'
import { ownedImage } from './owned.ts'

/** An image that waits for its upload. */
async function awaited(context: Context, ref: string): Promise<Result<{ image: Image; upload: Upload }>> {
  const found = await ownedImage(context, ref)
  if (!found.ok) return found
  const source = found.value.import?.source
  if (found.value.state !== 'pending' || source?.kind !== 'upload')
    return refuse('precondition', `${found.value.name} does not wait for an upload (it is ${found.value.state})`)
  return ok({ image: found.value, upload: source })
}

async function partsHere({ blobs }: Context, image: Image, upload: Upload): Promise<Result<readonly number[]>> {
  const listed = await blobs.list(uploadedParts(image.id))
  if (!listed.ok) return listed
  const bytes = new Map(listed.value.map(part => [part.key, part.bytes]))
  const all = Array.from({ length: partsOf(upload) }, (_, i) => i + 1)
  return ok(all.filter(n => bytes.get(uploadedPart(image.id, n)) === bytesOfPart(upload, n)))
}

/** How far an upload is: which parts are here, so that a browser goes on where another stopped. */
export const lookAtUpload = read('images.upload', {
  input: z.object({ image: Ref }),
  async run(context, { image: ref }) {
    const found = await awaited(context, ref)
    if (!found.ok) return found
    const { image, upload } = found.value
    const here = await partsHere(context, image, upload)
    if (!here.ok) return here
    return ok({ image: image.id, bytes: upload.bytes, partBytes: upload.partBytes, parts: partsOf(upload), here: here.value })
  },
})

/** One part, streamed to the store of image bytes; put again it replaces what was there. */
export const putUploadPart = read('images.upload', {
  input: z.object({
    image: Ref,
    part: z.int().min(1),
    /** As the request's head promised. */
    bytes: z.int().nullable(),
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/, 'a part checksum has 64 hex digits')
      .nullable(),
    body: z.instanceof(ReadableStream<Uint8Array>).nullable(),
  }),
  async run(context, { image: ref, part, bytes, sha256, body }) {
    const found = await awaited(context, ref)
    if (!found.ok) return found
    const { image, upload } = found.value
    if (part > partsOf(upload)) return refuse('invalid', `this upload has ${partsOf(upload)} parts`, { field: 'part' })
    const wanted = bytesOfPart(upload, part)
    if (bytes !== wanted || !body)
      return refuse('invalid', `part ${part} has ${wanted} bytes: send them with their Content-Length`, { field: 'part' })
    return context.blobs.put(uploadedPart(image.id, part), body, sha256)
  },
})

/** All parts are here: the image is made of them. */
export const finishUpload = write('images.upload', {
  input: z.object({ image: Ref }),
  async run(context, { image: ref }) {
    const found = await awaited(context, ref)
    if (!found.ok) return found
    const { image, upload } = found.value
    const here = await partsHere(context, image, upload)
    if (!here.ok) return here
    const missing = partsOf(upload) - here.value.length
    if (missing > 0)
      return refuse('precondition', `${missing} of ${partsOf(upload)} parts are not here yet; send them, then finish again`)
    const { project } = context.principal
    return ok({
      answer: { image: image.id },
      subjects: [image.id],
      changes: [
        { do: 'image.uploaded', image: image.id, generation: image.generation },
        importBegins(context.ids.make('operation'), project, image.id, image.generation + 1),
        { do: 'event', project, type: 'image.uploaded', subject: image.id },
      ],
    })
  },
})
