import { limits } from '@sirocco/shared/model/limits.ts'
import { protocolOf, ruleDirections, wrongPorts } from '@sirocco/shared/model/security/rule.ts'
import { z } from 'zod'
import { Ref } from '../inputs.ts'

/** By id or name. */
export const GroupRefs = z
  .array(z.string().min(1).max(255))
  .max(limits.groupsOfPort, `a network interface is in at most ${limits.groupsOfPort} security groups`)

export const GroupName = z
  .string()
  .trim()
  .min(1, 'a security group has a name of 1 to 255 characters')
  .max(255, 'a security group has a name of 1 to 255 characters')
  .regex(/^[\w .:/()#,@[\]+=&;{}!$*-]+$/, 'a name has letters, digits, spaces and ._-:/()#,@[]+=&;{}!$* only')
  .refine(name => !/^sg[-_]/.test(name), 'a name may not look like an id (sg-…)')

export const Description = z
  .string()
  .max(255, 'a description has at most 255 characters')
  .refine(text => !/[\u0000-\u001f\u007f]/.test(text), 'a description has no control characters')

const protocol = z.string().transform((text, context) => {
  const found = protocolOf(text)
  if (found !== null) return found
  context.addIssue({ code: 'custom', message: 'a protocol is all, tcp, udp, icmp, icmpv6 or a number up to 255' })
  return z.NEVER
})

/** What a rule lets through: `cidr` or `group`, one of them. */
export const RuleInput = z
  .object({
    direction: z.enum(ruleDirections),
    protocol: protocol.default('all'),
    from: z.int().nullable().default(null),
    to: z.int().nullable().default(null),
    cidr: z.union([z.cidrv4(), z.cidrv6()], 'a range is an address and a prefix: 192.0.2.0/24, 2001:db8::/32').optional(),
    group: Ref.optional(),
    description: Description.default(''),
  })
  .superRefine((rule, context) => {
    const wrong = wrongPorts(rule)
    if (wrong !== null) context.addIssue({ code: 'custom', message: wrong, path: ['from'] })
    if ((rule.cidr === undefined) === (rule.group === undefined))
      context.addIssue({ code: 'custom', message: 'name a range (cidr) or a security group, one of them', path: ['cidr'] })
    const v6 = rule.cidr?.includes(':')
    if ((rule.protocol === 'icmp' && v6) || (rule.protocol === 'icmpv6' && v6 === false))
      context.addIssue({ code: 'custom', message: 'icmp goes with IPv4 ranges, icmpv6 with IPv6 ranges', path: ['cidr'] })
  })
export type RuleInput = z.output<typeof RuleInput>

export const Rules = z.array(RuleInput).min(1).max(limits.rulesOfGroup)
