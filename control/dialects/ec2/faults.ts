import type { Fault, FaultCode } from '@sirocco/shared/kit/fault.ts'
import { type Code, Refusal } from './refusal.ts'

/** What an action is about, as far as EC2 has error codes of its own for it. */
export type Noun =
  | 'instance'
  | 'image'
  | 'instance-type'
  | 'key-pair'
  | 'placement-group'
  | 'region'
  | 'security-group'
  | 'security-group-rule'
  | 'snapshot'
  | 'subnet'
  | 'tag'
  | 'volume'
  | 'vpc'
  | 'zone'

const notFound: Record<Noun, Code> = {
  instance: 'InvalidInstanceID.NotFound',
  image: 'InvalidAMIID.NotFound',
  'instance-type': 'InvalidParameterValue',
  'key-pair': 'InvalidKeyPair.NotFound',
  'placement-group': 'InvalidPlacementGroup.Unknown',
  region: 'InvalidParameterValue',
  'security-group': 'InvalidGroup.NotFound',
  'security-group-rule': 'InvalidPermission.NotFound',
  snapshot: 'InvalidSnapshot.NotFound',
  subnet: 'InvalidSubnetID.NotFound',
  tag: 'InvalidID',
  volume: 'InvalidVolume.NotFound',
  vpc: 'InvalidVpcID.NotFound',
  zone: 'InvalidParameterValue',
}

/** The noun that a field of a verb's input names; otherwise it is what the action is about. */
const nouns: Readonly<Record<string, Noun>> = {
  machine: 'instance',
  machines: 'instance',
  image: 'image',
  images: 'image',
  flavor: 'instance-type',
  keyPair: 'key-pair',
  publicKey: 'key-pair',
  placementGroup: 'placement-group',
  group: 'security-group',
  securityGroups: 'security-group',
  network: 'vpc',
  ids: 'security-group-rule',
  rules: 'security-group-rule',
  snapshot: 'snapshot',
  snapshots: 'snapshot',
  subnet: 'subnet',
  volume: 'volume',
  zone: 'zone',
  tags: 'tag',
}

const codes: Record<FaultCode, (noun: Noun, field: string) => Code> = {
  not_found: noun => notFound[noun],
  already_exists: noun =>
    noun === 'key-pair'
      ? 'InvalidKeyPair.Duplicate'
      : noun === 'placement-group'
        ? 'InvalidPlacementGroup.Duplicate'
        : noun === 'security-group'
          ? 'InvalidGroup.Duplicate'
          : noun === 'security-group-rule'
            ? 'InvalidPermission.Duplicate'
            : 'ResourceAlreadyExists',
  invalid: (_, field) => (field === 'publicKey' ? 'InvalidKey.Format' : 'InvalidParameterValue'),
  precondition: noun =>
    noun === 'instance'
      ? 'IncorrectInstanceState'
      : noun === 'placement-group'
        ? 'InvalidPlacementGroup.InUse'
        : noun === 'security-group' || noun === 'vpc' || noun === 'subnet'
          ? 'DependencyViolation'
          : 'IncorrectState',
  conflict: (noun, field) =>
    field === 'token'
      ? 'IdempotentParameterMismatch'
      : noun === 'key-pair'
        ? 'InvalidKeyPair.Duplicate'
        : noun === 'snapshot'
          ? 'InvalidSnapshot.InUse'
          : 'IncorrectState',
  // Others were faster, again and again: the request is worth repeating, which SDKs do on 503.
  stale: () => 'Unavailable',
  quota: noun =>
    noun === 'instance'
      ? 'InstanceLimitExceeded'
      : noun === 'tag'
        ? 'TagLimitExceeded'
        : noun === 'security-group'
          ? 'SecurityGroupLimitExceeded'
          : noun === 'security-group-rule'
            ? 'RulesPerSecurityGroupLimitExceeded'
            : 'ResourceCountLimitExceeded',
  capacity: () => 'InsufficientInstanceCapacity',
  unsupported: () => 'Unsupported',
  unauthenticated: () => 'AuthFailure',
  forbidden: () => 'UnauthorizedOperation',
  throttled: () => 'RequestLimitExceeded',
  unavailable: () => 'Unavailable',
  internal: () => 'InternalError',
}

/** Limits of a project, by the message's key; EC2 has none of memory. */
const limitCodes: Readonly<Record<string, Code>> = {
  'quota.machines': 'InstanceLimitExceeded',
  'quota.vcpus': 'VcpuLimitExceeded',
  'quota.memory': 'InstanceLimitExceeded',
  'quota.volumes': 'VolumeLimitExceeded',
  'quota.disk': 'VolumeLimitExceeded',
  'quota.snapshots': 'ResourceCountLimitExceeded',
  'quota.networks': 'ResourceCountLimitExceeded',
  'quota.money': 'InstanceLimitExceeded',
}

/** The noun of an id that a fault names as its field. */
const ofPrefix: Readonly<Record<string, Noun>> = {
  'i-': 'instance',
  vm_: 'instance',
  'ami-': 'image',
  img_: 'image',
  'key-': 'key-pair',
  kpr_: 'key-pair',
  'pg-': 'placement-group',
  pgr_: 'placement-group',
  'sg-': 'security-group',
  sg_: 'security-group',
  'snap-': 'snapshot',
  snp_: 'snapshot',
  'subnet-': 'subnet',
  sub_: 'subnet',
  'vol-': 'volume',
  vol_: 'volume',
  'vpc-': 'vpc',
  net_: 'vpc',
}
const nounOfId = (field: string): Noun | undefined => ofPrefix[/^[a-z]+[-_]/.exec(field)?.[0] ?? '']

/** The EC2 error of a Fault. `noun` is what the action is about; where the fault's field names another noun, or an id of one, that wins. */
export function refusalOf(fault: Fault, noun: Noun): Refusal {
  const field = fault.field?.split('.')[0] ?? ''
  const limit = fault.code === 'quota' && fault.key !== undefined ? limitCodes[fault.key] : undefined
  return new Refusal(limit ?? codes[fault.code](nouns[field] ?? nounOfId(field) ?? noun, field), fault.message)
}
