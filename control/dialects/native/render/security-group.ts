import type { SecurityGroup as SecurityGroupJson } from '@sirocco/shared/api/security-groups.ts'
import type { SecurityGroup } from '../../../domain/security/group.ts'
import { time } from './time.ts'

export const securityGroupJson = (group: SecurityGroup): SecurityGroupJson => ({
  id: group.id,
  ec2Id: group.alias,
  name: group.name,
  description: group.description,
  network: group.network,
  isDefault: group.isDefault,
  rules: group.rules.map(({ id, alias, direction, protocol, from, to, cidr, peer, peerAlias, description }) => ({
    id,
    ec2Id: alias,
    direction,
    protocol,
    from,
    to,
    cidr,
    group: peer === null ? null : { id: peer, ec2Id: peerAlias ?? '' },
    description,
  })),
  ports: group.ports,
  tags: { ...group.tags },
  createdAt: time(group.createdAt),
})
