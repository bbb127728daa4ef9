import type { Routes } from '@sirocco/shared/api/routes.ts'
import { ok } from '@sirocco/shared/kit/fault.ts'
import { captureImage } from '../../../services/images/capture.ts'
import { listCatalogue } from '../../../services/images/catalogue.ts'
import { deleteImage } from '../../../services/images/delete.ts'
import { deprecateImage } from '../../../services/images/deprecate.ts'
import { markImageForRescue } from '../../../services/images/for-rescue.ts'
import { importImage } from '../../../services/images/import.ts'
import { listImages } from '../../../services/images/list.ts'
import { listShares, shareImage } from '../../../services/images/share.ts'
import { uploadImage } from '../../../services/images/upload.ts'
import { finishUpload, lookAtUpload, putUploadPart } from '../../../services/images/upload-parts.ts'
import { defined } from '../defined.ts'
import type { Handler } from '../handler.ts'
import { listed } from '../list.ts'
import { imageJson } from '../render/image.ts'

export const list: Handler<Routes['listImages']> = async ({ query }, { call, principal }) => {
  const page = await listed(query, page => listImages.call(call, page), imageJson(principal.project))
  return page.ok ? ok({ body: page.value }) : page
}

export const get: Handler<Routes['getImage']> = async ({ params }, { call, principal }) => {
  const found = await listImages.call(call, { images: [params.id] })
  if (!found.ok) return found
  const [image] = found.value.items.map(imageJson(principal.project))
  if (!image) throw new Error('impossible: an image was found and is not there')
  return ok({ body: image })
}

export const add: Handler<Routes['addImage']> = async ({ body }, { call }) => {
  const made =
    'upload' in body
      ? await uploadImage.call(call, defined({ ...body, ...body.upload, upload: undefined }))
      : await importImage.call(call, defined(body))
  return made.ok ? ok({ body: { id: made.value.image } }) : made
}

export const capture: Handler<Routes['captureImage']> = async ({ body }, { call }) => {
  const made = await captureImage.call(call, defined(body))
  return made.ok ? ok({ body: { id: made.value.image, operations: [...made.value.operations] } }) : made
}

export const remove: Handler<Routes['deleteImage']> = async ({ params }, { call }) => {
  const gone = await deleteImage.call(call, { image: params.id })
  return gone.ok ? ok({ body: gone.value }) : gone
}

export const upload: Handler<Routes['getImageUpload']> = async ({ params }, { call }) => {
  const found = await lookAtUpload.call(call, { image: params.id })
  return found.ok ? ok({ body: { ...found.value, here: [...found.value.here] } }) : found
}

export const part: Handler<Routes['putImagePart']> = async ({ params }, { call, request }) => {
  const length = request.headers.get('content-length')
  const put = await putUploadPart.call(call, {
    image: params.id,
    part: params.n,
    bytes: length === null ? null : Number(length),
    sha256: request.headers.get('x-part-sha256'),
    body: request.body,
  })
  return put.ok ? ok({ body: undefined }) : put
}

export const finish: Handler<Routes['finishImageUpload']> = async ({ params }, { call }) => {
  const begun = await finishUpload.call(call, { image: params.id })
  return begun.ok ? ok({ body: { id: begun.value.image } }) : begun
}

export const shares: Handler<Routes['listImageShares']> = async ({ params }, { call }) => {
  const found = await listShares.call(call, { image: params.id })
  return found.ok ? ok({ body: { items: found.value.map(({ id, account, name }) => ({ id, account, name })) } }) : found
}

export const share: Handler<Routes['shareImage']> = async ({ params, body }, { call }) => {
  const shared = await shareImage.call(call, {
    image: params.id,
    visibility: body.visibility,
    ...(body.projects ? { projects: body.projects } : {}),
  })
  return shared.ok ? ok({ body: undefined }) : shared
}

export const deprecate: Handler<Routes['deprecateImage']> = async ({ params, body }, { call }) => {
  const done = await deprecateImage.call(call, { image: params.id, deprecated: body.deprecated })
  return done.ok ? ok({ body: undefined }) : done
}

export const forRescue: Handler<Routes['markImageForRescue']> = async ({ params, body }, { call }) => {
  const done = await markImageForRescue.call(call, { image: params.id, forRescue: body.forRescue })
  return done.ok ? ok({ body: undefined }) : done
}

export const catalogue: Handler<Routes['listImageCatalogue']> = async (_, { call }) => {
  const found = await listCatalogue.call(call, {})
  return found.ok ? ok({ body: { items: found.value.map(entry => ({ ...entry })) } }) : found
}
