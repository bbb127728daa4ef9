import { limits } from '@sirocco/shared/model/limits.ts'
import { z } from 'zod'
import { write } from '../verb.ts'
import { Checksum, checksumOf, NewImageInput, newImage } from './new.ts'

/** Begins an upload: its parts are put one by one, in any order, and again where one got lost; `finishUpload` says that all are there. */
export const uploadImage = write('images.upload', {
  input: NewImageInput.extend({
    bytes: z
      .int()
      .min(1)
      .max(limits.imageBytes, `an image has at most ${limits.imageBytes / 2 ** 30} GiB`),
    checksum: Checksum.optional(),
  }),
  async run(context, { bytes, checksum, ...wanted }) {
    return newImage(context, wanted, {
      source: { kind: 'upload', bytes, partBytes: limits.uploadPart, checksum: checksumOf(checksum) },
      origin: 'upload',
    })
  },
})
