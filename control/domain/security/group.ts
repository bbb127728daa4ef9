import type { Id, Ids } from '@sirocco/shared/kit/id.ts'
import { hex, type Random } from '@sirocco/shared/kit/random.ts'
import type { RuleMatch } from '@sirocco/shared/model/security/rule.ts'

/** Stateful allow rules of the ports that are in it. */
export interface SecurityGroup {
  readonly id: Id<'securityGroup'>
  /** EC2's id: `sg-` and 17 hex digits. */
  readonly alias: string
  readonly project: Id<'project'>
  readonly network: Id<'network'>
  readonly networkAlias: string
  readonly region: string
  readonly name: string
  readonly description: string
  /** Of its network: what a machine is in where no other is named. */
  readonly isDefault: boolean
  readonly rules: readonly SecurityRule[]
  /** That are in it. */
  readonly ports: number
  /** Rules of other groups that name it. */
  readonly namedBy: number
  readonly tags: Readonly<Record<string, string>>
  readonly createdAt: number
}

export interface SecurityRule extends RuleMatch {
  readonly id: Id<'securityRule'>
  /** EC2's id: `sgr-` and 17 hex digits. */
  readonly alias: string
  /** Of the other end; null where a group is named. */
  readonly cidr: string | null
  /** Members of this group are the other end. */
  readonly peer: Id<'securityGroup'> | null
  readonly peerAlias: string | null
  readonly description: string
}

export interface NewSecurityGroup
  extends Pick<SecurityGroup, 'id' | 'alias' | 'project' | 'network' | 'name' | 'description' | 'isDefault'> {}
export interface NewSecurityRule extends Omit<SecurityRule, 'peerAlias'> {}

/** What two rules of one group that let through the same have in common, and no others. */
export const likeness = (rule: RuleMatch & Pick<SecurityRule, 'cidr' | 'peer'>): string =>
  [rule.direction, rule.protocol, rule.from ?? '*', rule.to ?? '*', rule.peer ?? rule.cidr].join(' ')

interface Chance {
  readonly ids: Ids
  readonly random: Random
}

/** A rule with ids of its own. */
export const newRule = ({ ids, random }: Chance, rule: Omit<NewSecurityRule, 'id' | 'alias'>): NewSecurityRule => ({
  id: ids.make('securityRule'),
  alias: `sgr-${hex(random, 17)}`,
  ...rule,
})

const any = { protocol: 'all', from: null, to: null } as const
export const everywhere = ['0.0.0.0/0', '::/0'] as const

/** All that goes out, as a new group has it. */
export const allOut = (chance: Chance): NewSecurityRule[] =>
  everywhere.map(cidr => newRule(chance, { direction: 'out', ...any, cidr, peer: null, description: '' }))

/**
 * The group that a network begins with: its members reach each other, and everything outside. That of a default network has ssh and ICMP
 * from anywhere besides, so that a first machine can be reached.
 */
export function defaultGroup(
  chance: Chance,
  of: { readonly project: Id<'project'>; readonly network: Id<'network'>; readonly isDefaultNetwork: boolean },
): { readonly group: NewSecurityGroup; readonly rules: readonly NewSecurityRule[] } {
  const id = chance.ids.make('securityGroup')
  const fromAnywhere = (protocol: string, port: number | null, cidr: string, description: string) =>
    newRule(chance, { direction: 'in', protocol, from: port, to: port, cidr, peer: null, description })
  return {
    group: {
      id,
      alias: `sg-${hex(chance.random, 17)}`,
      project: of.project,
      network: of.network,
      name: 'default',
      description: 'default security group',
      isDefault: true,
    },
    rules: [
      newRule(chance, { direction: 'in', ...any, cidr: null, peer: id, description: 'members reach each other' }),
      ...(of.isDefaultNetwork
        ? [
            fromAnywhere('tcp', 22, '0.0.0.0/0', 'ssh from anywhere'),
            fromAnywhere('icmp', null, '0.0.0.0/0', 'ICMP from anywhere'),
          ]
        : []),
      ...allOut(chance),
    ],
  }
}
