import { limits } from '@sirocco/shared/model/limits.ts'
import { z } from 'zod'
import type { SecurityGroup } from '../../domain/security/group.ts'
import { listSecurityGroups } from '../../services/security-groups/list.ts'
import type { Request } from './action.ts'
import { pageOf } from './paging.ts'
import { flag, ignored, list, never, text } from './parameters.ts'
import { Refusal } from './refusal.ts'

/** Those of this endpoint's region: a few hundred at most, so they come whole. */
export async function securityGroupsOf(request: Request): Promise<readonly SecurityGroup[]> {
  const { items } = await pageOf<SecurityGroup>({
    passes: group => group.region === request.region,
    residual: true,
    keyOf: group => group.id,
    page: page => request.call(listSecurityGroups, page),
  })
  return items
}

/** One by id, or by name in the default network, as EC2 takes either. */
export async function securityGroupNamed(
  request: Request,
  { GroupId, GroupName }: { readonly GroupId?: string | undefined; readonly GroupName?: string | undefined },
): Promise<SecurityGroup> {
  if (GroupId === undefined && GroupName === undefined)
    throw new Refusal('MissingParameter', 'The request must contain the parameter groupName or groupId')
  const all = await securityGroupsOf(request)
  const found = all.find(group => (GroupId === undefined ? group.name === GroupName : group.alias === GroupId))
  if (!found)
    throw new Refusal('InvalidGroup.NotFound', `The security group '${(GroupId ?? GroupName ?? '').slice(0, 64)}' does not exist`)
  return found
}

const number = z
  .string()
  .regex(/^-?[0-9]{1,5}$/, 'must be a whole number')
  .transform(Number)

const description = text.max(255).optional()

/** `IpPermission`s, and the older form of one, flat. */
export const permissionParameters = {
  GroupId: text.optional(),
  GroupName: text.optional(),
  IpPermissions: list(
    z.strictObject({
      IpProtocol: text,
      FromPort: number.optional(),
      ToPort: number.optional(),
      IpRanges: list(z.strictObject({ CidrIp: text, Description: description }), limits.rulesOfGroup).default([]),
      Ipv6Ranges: list(z.strictObject({ CidrIpv6: text, Description: description }), limits.rulesOfGroup).default([]),
      Groups: list(
        z.strictObject({
          GroupId: text.optional(),
          GroupName: text.optional(),
          Description: description,
          // Groups of other projects are not seen, whoever is named.
          UserId: ignored,
          VpcId: ignored,
          PeeringStatus: ignored,
          VpcPeeringConnectionId: ignored,
        }),
        limits.rulesOfGroup,
      ).default([]),
      PrefixListIds: never('there are no prefix lists here; give the ranges themselves'),
    }),
    limits.rulesOfGroup,
  ).default([]),
  IpProtocol: text.optional(),
  FromPort: number.optional(),
  ToPort: number.optional(),
  CidrIp: text.optional(),
  SourceSecurityGroupName: text.optional(),
  SourceSecurityGroupOwnerId: ignored,
  TagSpecification: never('rules carry no tags here; leave TagSpecification out'),
  SecurityGroupRuleId: list(text, limits.rulesOfGroup).default([]),
  DryRun: flag.optional(),
} as const

type Given = z.output<z.ZodObject<typeof permissionParameters>>

/** -1 is any. */
const portOf = (port: number | undefined): number | null => (port === undefined || port === -1 ? null : port)

/** The rules that permissions mean: one for each other end. */
export function rulesOf(given: Given, direction: 'in' | 'out') {
  const flat =
    given.IpProtocol === undefined
      ? []
      : [
          {
            IpProtocol: given.IpProtocol,
            FromPort: given.FromPort,
            ToPort: given.ToPort,
            IpRanges: given.CidrIp === undefined ? [] : [{ CidrIp: given.CidrIp, Description: undefined }],
            Ipv6Ranges: [],
            Groups:
              given.SourceSecurityGroupName === undefined
                ? []
                : [{ GroupId: undefined, GroupName: given.SourceSecurityGroupName, Description: undefined }],
          },
        ]
  return [...given.IpPermissions, ...flat].flatMap(({ IpProtocol, FromPort, ToPort, IpRanges, Ipv6Ranges, Groups }) => {
    const isAll = IpProtocol === '-1' || IpProtocol.toLowerCase() === 'all'
    const match = { direction, protocol: IpProtocol, from: isAll ? null : portOf(FromPort), to: isAll ? null : portOf(ToPort) }
    const ends = [
      ...IpRanges.map(({ CidrIp, Description }) => ({ cidr: CidrIp, description: Description })),
      ...Ipv6Ranges.map(({ CidrIpv6, Description }) => ({ cidr: CidrIpv6, description: Description })),
      ...Groups.map(({ GroupId, GroupName, Description }) => ({ group: GroupId ?? GroupName ?? '', description: Description })),
    ]
    if (ends.length === 0)
      throw new Refusal('MissingParameter', 'The request must contain a range or a security group for each permission')
    return ends.map(({ description, ...end }) => ({ ...match, ...end, ...(description === undefined ? {} : { description }) }))
  })
}
