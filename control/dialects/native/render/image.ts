import type { Image as ImageJson } from '@sirocco/shared/api/images.ts'
import type { Image } from '../../../domain/images/image.ts'
import { reasonOf } from './reason.ts'
import { orNull, time } from './time.ts'

/** As the project that asks sees it. */
export const imageJson =
  (project: string) =>
  (image: Image): ImageJson => {
    const owner = image.project === null ? 'platform' : image.project === project ? 'self' : 'other'
    return {
      id: image.id,
      ec2Id: image.alias,
      name: image.name,
      description: image.description,
      public: image.project === null,
      owner,
      account: image.account,
      visibility: image.project === null ? 'public' : image.visibility,
      state: image.state,
      progress: image.state === 'importing' ? (image.import?.observed?.progress ?? null) : null,
      fault: reasonOf(image.failure),
      deprecatedAt: orNull(image.deprecatedAt),
      forRescue: image.forRescue,
      architecture: image.architecture,
      firmware: image.firmware,
      minDiskMiB: image.minDiskMiB,
      bytes: image.files.reduce((sum, file) => sum + file.bytes, 0),
      virtualBytes: image.virtualBytes,
      sha256: image.files.find(file => file.role === 'disk')?.sha256 ?? null,
      origin: owner === 'other' ? null : image.origin,
      createdAt: time(image.createdAt),
    }
  }
