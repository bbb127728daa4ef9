import { z } from 'zod'
import { imageStates, visibilities } from '../model/images/states.ts'
import { limits } from '../model/limits.ts'
import { firmwares } from '../model/machines/states.ts'
import { pageOf } from './page.ts'
import { Reason, Ref, Tags, Time } from './text.ts'

export const Image = z.strictObject({
  id: z.string(),
  ec2Id: z.string(),
  name: z.string(),
  description: z.string(),
  /** Of the platform, for everybody; otherwise of a project. */
  public: z.boolean(),
  /** `self`: of the project that asks; `other`: of one that shares it. */
  owner: z.enum(['platform', 'self', 'other']),
  /** The owner's, as EC2 shows it; null: of the platform. */
  account: z.string().nullable(),
  visibility: z.enum(visibilities),
  /** `pending` waits for its upload. Machines can be launched from `ready`. */
  state: z.enum(imageStates),
  /** How far the making of it is: `fetching 40 %`. */
  progress: z.string().nullable(),
  fault: Reason.nullable(),
  /** There is something better; whoever names it can still launch from it. */
  deprecatedAt: Time.nullable(),
  /** Machines in rescue boot from it, where nobody says from what. */
  forRescue: z.boolean(),
  architecture: z.string(),
  firmware: z.enum(firmwares),
  minDiskMiB: z.int(),
  /** Of all its files, in bytes. */
  bytes: z.int(),
  /** Of the disk as a guest sees it. */
  virtualBytes: z.int().nullable(),
  /** SHA-256 of its disk as it is kept here; null before it is ready. */
  sha256: z.string().nullable(),
  /** Its address without credentials, or `upload`, or EC2's id of the machine or volume that it was captured from; told to its owner. */
  origin: z.string().nullable(),
  createdAt: Time,
})
export type Image = z.output<typeof Image>
export const ImagePage = pageOf(Image)

export const ImageParams = z.strictObject({ id: Ref })

const common = {
  description: z.string().max(255).optional(),
  architecture: z.enum(['x86_64', 'arm64']).optional(),
  firmware: z.enum(firmwares).optional(),
  minDiskMiB: z.int().min(1).optional(),
  /** Of the platform, for everybody (admins). */
  platform: z.boolean().optional(),
  tags: Tags.optional(),
}
const Checksum = z.string().max(200).describe('`sha256:` and 64 hex digits, or `sha512:` and 128')

/** With `url` or `catalogue` it is fetched; with `upload` its parts are put afterwards. */
export const NewImage = z.union([
  z.strictObject({
    ...common,
    name: z.string().min(1).max(255),
    url: z.url().max(2_048),
    checksum: Checksum.optional(),
    checksumUrl: z.url().max(2_048).optional(),
  }),
  z.strictObject({ ...common, name: z.string().min(1).max(255).optional(), catalogue: z.string().max(64) }),
  z.strictObject({
    ...common,
    name: z.string().min(1).max(255),
    upload: z.strictObject({ bytes: z.int().min(1).max(limits.imageBytes), checksum: Checksum.optional() }),
  }),
])
export type NewImage = z.output<typeof NewImage>

/** Exactly one of `machine` (the disk it boots from) and `volume`. */
export const NewCapture = z.strictObject({
  name: z.string().min(1).max(255),
  description: z.string().max(255).optional(),
  machine: Ref.optional(),
  volume: Ref.optional(),
  tags: Tags.optional(),
})
export type NewCapture = z.input<typeof NewCapture>
export const ImageCaptured = z.strictObject({ id: z.string(), operations: z.array(z.string()) })

export const NamedImage = z.strictObject({ id: z.string() })

/** Parts are numbered from 1; all have `partBytes` but the last. `here`: those that have come. */
export const ImageUpload = z.strictObject({
  image: z.string(),
  bytes: z.int(),
  partBytes: z.int(),
  parts: z.int(),
  here: z.array(z.int()),
})
export type ImageUpload = z.output<typeof ImageUpload>
export const PartParams = z.strictObject({ id: Ref, n: z.coerce.number().int().min(1).max(10_000) })

export const Sharing = z.strictObject({
  visibility: z.enum(visibilities),
  /** By id, account or name. */
  projects: z.array(z.string().min(1).max(255)).max(limits.imageShares).optional(),
})
export const ImageShares = z.strictObject({
  items: z.array(z.strictObject({ id: z.string(), account: z.string(), name: z.string() })),
})

export const ForRescue = z.strictObject({ forRescue: z.boolean() })
export const Deprecation = z.strictObject({ deprecated: z.boolean() })

/** An operation that was begun. */
export const ImageDeleted = z.strictObject({ operation: z.string(), subject: z.string() })

export const ImageCatalogue = z.strictObject({
  items: z.array(
    z.strictObject({
      id: z.string(),
      name: z.string(),
      description: z.string(),
      architecture: z.string(),
      firmware: z.enum(firmwares),
      url: z.string(),
      checksums: z.string(),
    }),
  ),
})
export type CatalogueImage = z.output<typeof ImageCatalogue>['items'][number]
