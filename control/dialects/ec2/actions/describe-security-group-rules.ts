import type { SecurityGroup, SecurityRule } from '../../../domain/security/group.ts'
import { action } from '../action.ts'
import { filterOf, type Looks } from '../filters.ts'
import { sliceOf } from '../paging.ts'
import { filters, listOrNone, paging, text } from '../parameters.ts'
import { Refusal } from '../refusal.ts'
import { renderRule } from '../render/security-group.ts'
import { securityGroupsOf } from '../security-groups.ts'

interface Ruled {
  readonly group: SecurityGroup
  readonly rule: SecurityRule
}

const looks = {
  'group-id': ({ group }) => [group.alias],
  'security-group-rule-id': ({ rule }) => [rule.alias],
  'tag-key': () => [],
} as const satisfies Looks<Ruled>

/** DescribeSecurityGroupRules: each rule by itself. */
export const DescribeSecurityGroupRules = action(
  {
    right: 'security-groups.list',
    noun: 'security-group',
    parameters: { SecurityGroupRuleId: listOrNone(text), Filter: filters, ...paging },
  },
  async (request, given) => {
    const groups = await securityGroupsOf(request)
    const rules = groups.flatMap((group): Ruled[] => group.rules.map(rule => ({ group, rule })))
    const missing = given.SecurityGroupRuleId.find(id => !rules.some(({ rule }) => rule.alias === id))
    if (missing !== undefined)
      throw new Refusal('InvalidPermission.NotFound', `The security group rule '${missing.slice(0, 64)}' does not exist`)
    const passes = filterOf<Ruled>(given.Filter, looks, () => ({}))
    const chosen = rules.filter(
      one => (given.SecurityGroupRuleId.length === 0 || given.SecurityGroupRuleId.includes(one.rule.alias)) && passes(one),
    )
    const { items, nextToken } = sliceOf(chosen, { ...given, keyOf: ({ rule }) => rule.id })
    return { securityGroupRuleSet: items.map(({ group, rule }) => renderRule(group, rule, request.principal.account)), nextToken }
  },
)
