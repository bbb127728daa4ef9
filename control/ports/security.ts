import type { Result } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import type { Scope } from '../domain/access/principal.ts'
import type { NewSecurityGroup, NewSecurityRule, SecurityGroup } from '../domain/security/group.ts'
import type { Page, Paged, Ref } from './store.ts'

/** A group as it is inserted, with the rules that it begins with. */
export interface DefaultGroup {
  readonly group: NewSecurityGroup
  readonly rules: readonly NewSecurityRule[]
}

/** What is written of security groups. */
export type SecurityChange =
  /** Guard `conflict` where the network has one of this name, `quota` where it has `limit` already. */
  | ({ readonly do: 'security-group.insert'; readonly limit: number } & DefaultGroup)
  | {
      readonly do: 'security-group.change'
      readonly group: Id<'securityGroup'>
      readonly description: string
      readonly name: string
    }
  /** With its rules. Guard `conflict` where a port is in it, or another group's rule names it. */
  | { readonly do: 'security-group.delete'; readonly group: Id<'securityGroup'> }
  /** Guard `stale` where one of them is gone. */
  | { readonly do: 'security-group.holds'; readonly groups: readonly Id<'securityGroup'>[] }
  /** Guard `conflict` where it has a rule that is alike, `quota` where it has more than `limit` then. */
  | {
      readonly do: 'security-rule.insert'
      readonly group: Id<'securityGroup'>
      readonly rules: readonly NewSecurityRule[]
      readonly limit: number
    }
  | { readonly do: 'security-rule.delete'; readonly group: Id<'securityGroup'>; readonly rules: readonly Id<'securityRule'>[] }
  | { readonly do: 'port-group.insert'; readonly port: Id<'port'>; readonly group: Id<'securityGroup'> }
  /** It is in these from now on, and in no other. */
  | { readonly do: 'port-group.set'; readonly port: Id<'port'>; readonly groups: readonly Id<'securityGroup'>[] }
  /**
   * What is wanted changed on every host that knows of these groups: one that has a port in them where their `rules` changed, one whose rules
   * name them where their `members` did. One statement, whatever their number; `hosts`, as they were read, are poked.
   */
  | {
      readonly do: 'security-group.touch'
      readonly what: 'rules' | 'members'
      readonly groups: readonly Id<'securityGroup'>[]
      readonly hosts: readonly Id<'host'>[]
    }

/** What is known of security groups. */
export interface SecurityReads {
  /** In the order asked, by either id; `not_found` names the first that the scope cannot see. */
  find(scope: Scope, refs: readonly Ref[]): Promise<Result<readonly SecurityGroup[]>>
  list(scope: Scope, page: Page): Promise<Result<Paged<SecurityGroup>>>
  /** Of a network, by id, alias or name; none named: its default. `not_found` names the first that it has not. */
  ofNetwork(
    network: Id<'network'>,
    refs: readonly Ref[],
  ): Promise<Result<readonly Pick<SecurityGroup, 'id' | 'alias' | 'name'>[]>>
  /** That `security-group.touch` would touch now. */
  hosts(what: 'rules' | 'members', groups: readonly Id<'securityGroup'>[]): Promise<Result<readonly Id<'host'>[]>>
}
