import { findSecurityGroups } from '../../../services/security-groups/list.ts'
import { authoriseRules, revokeRules } from '../../../services/security-groups/rules.ts'
import { action } from '../action.ts'
import { renderRule } from '../render/security-group.ts'
import { permissionParameters, rulesOf, securityGroupNamed } from '../security-groups.ts'

const authorise = (direction: 'in' | 'out') =>
  action(
    { right: 'security-groups.authorise', noun: 'security-group', parameters: permissionParameters },
    async (request, given) => {
      const { id } = await securityGroupNamed(request, given)
      const made = await request.call(authoriseRules, { group: id, rules: rulesOf(given, direction) })
      const [group] = await request.call(findSecurityGroups, { groups: [id] })
      const fresh = new Set<string>(made.rules)
      return {
        return: true,
        securityGroupRuleSet: group
          ? group.rules.filter(rule => fresh.has(rule.id)).map(rule => renderRule(group, rule, request.principal.account))
          : [],
      }
    },
  )

const revoke = (direction: 'in' | 'out') =>
  action(
    { right: 'security-groups.revoke', noun: 'security-group', parameters: permissionParameters },
    async (request, given) => {
      const { id } = await securityGroupNamed(request, given)
      await request.call(revokeRules, { group: id, ids: given.SecurityGroupRuleId, rules: rulesOf(given, direction) })
      return { return: true }
    },
  )

/** AuthorizeSecurityGroupIngress: packets are judged by the new rules as soon as the hosts have heard. */
export const AuthorizeSecurityGroupIngress = authorise('in')
export const AuthorizeSecurityGroupEgress = authorise('out')
/** RevokeSecurityGroupIngress, by rule ids or by what they let through. */
export const RevokeSecurityGroupIngress = revoke('in')
export const RevokeSecurityGroupEgress = revoke('out')
