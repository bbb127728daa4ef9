import { z } from 'zod'
import { limits } from '../model/limits.ts'
import { ruleDirections } from '../model/security/rule.ts'
import { pageOf } from './page.ts'
import { Ref, Tags, Time } from './text.ts'

/** What a security group lets through; answers to it always pass. Of `cidr` and `group` one is said. */
export const SecurityRule = z.strictObject({
  id: z.string(),
  ec2Id: z.string(),
  /** `in` to its machines, `out` of them. */
  direction: z.enum(ruleDirections),
  /** `all`, `tcp`, `udp`, `icmp`, `icmpv6`, or the number of another. */
  protocol: z.string(),
  /** The first port; of ICMP the type. null: any. */
  from: z.int().nullable(),
  /** The last port; of ICMP the code. null: any. */
  to: z.int().nullable(),
  /** Of the other end. */
  cidr: z.string().nullable(),
  /** Its members are the other end. */
  group: z.strictObject({ id: z.string(), ec2Id: z.string() }).nullable(),
  description: z.string(),
})
export type SecurityRule = z.output<typeof SecurityRule>

export const SecurityGroup = z.strictObject({
  id: z.string(),
  ec2Id: z.string(),
  name: z.string(),
  description: z.string(),
  network: z.string(),
  /** Of its network: what a machine is in where no other is named. */
  isDefault: z.boolean(),
  rules: z.array(SecurityRule),
  /** Network interfaces that are in it. */
  ports: z.int(),
  tags: z.record(z.string(), z.string()),
  createdAt: Time,
})
export type SecurityGroup = z.output<typeof SecurityGroup>
export const SecurityGroupPage = pageOf(SecurityGroup)

export const SecurityGroupParams = z.strictObject({ id: Ref })

export const NewSecurityGroup = z.strictObject({
  name: z.string().min(1).max(255),
  description: z.string().max(255).optional(),
  /** The project's default network where it is left out. */
  network: Ref.optional(),
  tags: Tags.optional(),
})

export const ChangeSecurityGroup = z.strictObject({
  name: z.string().min(1).max(255).optional(),
  description: z.string().max(255).optional(),
})

const NewRule = z.strictObject({
  direction: z.enum(ruleDirections),
  protocol: z.string().max(8).optional(),
  from: z.int().nullable().optional(),
  to: z.int().nullable().optional(),
  cidr: z.string().max(64).optional(),
  /** By id or name. */
  group: z.string().min(3).max(64).optional(),
  description: z.string().max(255).optional(),
})

export const AuthoriseRules = z.strictObject({ rules: z.array(NewRule).min(1).max(limits.rulesOfGroup) })

export const RevokeRules = z.strictObject({ ids: z.array(Ref).min(1).max(limits.rulesOfGroup) })

/** By id or name. */
export const SetGroups = z.strictObject({ groups: z.array(z.string().min(1).max(255)).min(1).max(limits.groupsOfPort) })
