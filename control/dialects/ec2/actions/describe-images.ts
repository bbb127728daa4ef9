import { limits } from '@sirocco/shared/model/limits.ts'
import type { Image } from '../../../domain/images/image.ts'
import { listImages } from '../../../services/images/list.ts'
import { action } from '../action.ts'
import { filterOf, type Looks } from '../filters.ts'
import { pageOf } from '../paging.ts'
import { filters, flag, ignored, imageId, listOrNone, paging, text } from '../parameters.ts'
import { rootDevice } from '../render/instance.ts'
import { renderTime } from '../render/time.ts'

const parameters = {
  ImageId: listOrNone(imageId, limits.page),
  Owner: listOrNone(text, 100),
  ExecutableBy: listOrNone(text, 100),
  Filter: filters,
  IncludeDeprecated: ignored,
  IncludeDisabled: flag.optional(),
  ...paging,
}

/** The owner of the platform's own images: no project has this account. `amazon` is its alias, since tools ask for that. */
const platform = { id: '000000000000', alias: 'amazon' } as const

/** What EC2 calls them. */
const states = {
  pending: 'pending',
  importing: 'pending',
  ready: 'available',
  failed: 'failed',
  deleting: 'deregistered',
} as const satisfies Record<Image['state'], string>

function renderImage(image: Image, account: string) {
  const platforms = image.project === null
  const owner = image.account ?? account
  return {
    imageId: image.alias,
    imageLocation: `${platforms ? platform.alias : owner}/${image.name}`,
    imageState: states[image.state],
    imageOwnerId: platforms ? platform.id : owner,
    imageOwnerAlias: platforms ? platform.alias : null,
    isPublic: platforms || image.visibility === 'public',
    architecture: image.architecture,
    imageType: 'machine',
    name: image.name,
    description: image.description,
    creationDate: renderTime(image.createdAt),
    deprecationTime: image.deprecatedAt === null ? null : renderTime(image.deprecatedAt),
    bootMode: image.firmware === 'uefi' ? 'uefi' : 'legacy-bios',
    stateReason: image.failure ? { code: 'Client.InvalidImage', message: image.failure.message } : null,
    platformDetails: 'Linux/UNIX',
    usageOperation: 'RunInstances',
    rootDeviceType: 'ebs',
    rootDeviceName: rootDevice,
    blockDeviceMapping: [],
    virtualizationType: 'hvm',
    hypervisor: 'xen',
    enaSupport: true,
    productCodes: [],
    tagSet: [],
  }
}
type Row = ReturnType<typeof renderImage>

const looks = {
  architecture: row => [row.architecture],
  'creation-date': row => [row.creationDate],
  description: row => [row.description],
  'ena-support': () => ['true'],
  hypervisor: row => [row.hypervisor],
  'image-id': row => [row.imageId],
  'image-type': row => [row.imageType],
  'is-public': row => [String(row.isPublic)],
  name: row => [row.name],
  'owner-alias': row => (row.imageOwnerAlias === null ? [] : [row.imageOwnerAlias]),
  'owner-id': row => [row.imageOwnerId],
  platform: () => [],
  'root-device-name': row => [row.rootDeviceName],
  'root-device-type': row => [row.rootDeviceType],
  state: row => [row.imageState],
  'tag-key': () => [],
  'virtualization-type': row => [row.virtualizationType],
} as const satisfies Looks<Row>

const ownedBy = (row: Row, owners: readonly string[], account: string): boolean =>
  owners.length === 0 ||
  owners.some(
    owner => owner === row.imageOwnerId || owner === row.imageOwnerAlias || (owner === 'self' && row.imageOwnerId === account),
  )

const executableBy = (row: Row, users: readonly string[], account: string): boolean =>
  users.length === 0 ||
  users.some(user => (user === 'all' && row.isPublic) || ((user === 'self' || user === account) && !row.isPublic))

/** DescribeImages: the project's own and the platform's. */
export const DescribeImages = action({ right: 'images.list', noun: 'image', parameters }, async (request, given) => {
  const { account } = request.principal
  const filtered = filterOf<Row>(given.Filter, looks, () => ({}))
  const passes = (row: Row) =>
    ownedBy(row, given.Owner, account) && executableBy(row, given.ExecutableBy, account) && filtered(row)
  if (given.ImageId.length > 0) {
    const { items } = await request.call(listImages, { images: [...new Set(given.ImageId)] })
    return { imagesSet: items.map(image => renderImage(image, account)).filter(passes) }
  }
  const { items, nextToken } = await pageOf({
    ...given,
    passes: (image: Image) => passes(renderImage(image, account)),
    residual: true,
    keyOf: image => image.id,
    page: page => request.call(listImages, page),
  })
  return { imagesSet: items.map(image => renderImage(image, account)), nextToken }
})
