import type { KeyPair as KeyPairJson } from '@sirocco/shared/api/key-pairs.ts'
import type { Network as NetworkJson } from '@sirocco/shared/api/networks.ts'
import type { KeyPair } from '../../../domain/images/image.ts'
import type { Network } from '../../../domain/networks/network.ts'
import { time } from './time.ts'

export const networkJson = (network: Network): NetworkJson => ({
  id: network.id,
  ec2Id: network.alias,
  name: network.name,
  region: network.region,
  isDefault: network.isDefault,
  cidr: network.cidr,
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
