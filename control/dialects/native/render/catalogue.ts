import type { Image as ImageJson, Network as NetworkJson } from '@sirocco/shared/api/catalogue.ts'
import type { KeyPair as KeyPairJson } from '@sirocco/shared/api/key-pairs.ts'
import type { Image, KeyPair } from '../../../domain/images/image.ts'
import type { Network } from '../../../domain/networks/network.ts'
import { time } from './time.ts'

export const imageJson = (image: Image): ImageJson => ({
  id: image.id,
  ec2Id: image.alias,
  name: image.name,
  description: image.description,
  public: image.project === null,
  architecture: image.architecture,
  minDiskMiB: image.minDiskMiB,
  bytes: image.files.reduce((sum, file) => sum + file.bytes, 0),
  createdAt: time(image.createdAt),
})

export const networkJson = (network: Network): NetworkJson => ({
  id: network.id,
  ec2Id: network.alias,
  name: network.name,
  region: network.region,
  isDefault: network.isDefault,
  subnets: network.subnets.map(({ id, alias, zone, cidr, mtu }) => ({ id, ec2Id: alias, zone, cidr, mtu })),
})

export const keyPairJson = (keyPair: KeyPair): KeyPairJson => ({
  id: keyPair.id,
  ec2Id: keyPair.alias,
  name: keyPair.name,
  type: keyPair.type,
  fingerprint: keyPair.fingerprint,
  publicKey: keyPair.publicKey,
  tags: { ...keyPair.tags },
  createdAt: time(keyPair.createdAt),
})
