import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { z } from 'zod'
import { likeness, type NewSecurityRule, newRule, type SecurityGroup } from '../../domain/security/group.ts'
import { Ref } from '../inputs.ts'
import { type Context, type Decision, write } from '../verb.ts'
import { type RuleInput, Rules } from './inputs.ts'
import { theGroup } from './the-group.ts'
import { touched } from './touched.ts'

interface Ruled {
  readonly group: Id<'securityGroup'>
  readonly rules: readonly Id<'securityRule'>[]
}

/** What was asked for as rules of this group, the groups that they name found in its network. */
async function meant(
  { store }: Context,
  group: SecurityGroup,
  asked: readonly RuleInput[],
): Promise<Result<Omit<NewSecurityRule, 'id' | 'alias'>[]>> {
  const refs = [...new Set(asked.flatMap(rule => rule.group ?? []))]
  const found = refs.length === 0 ? ok([]) : await store.securityGroups.ofNetwork(group.network, refs)
  if (!found.ok) return found
  const peerOf = (ref: string | undefined) =>
    found.value.find(one => one.id === ref || one.alias === ref || one.name === ref)?.id ?? null
  return ok(
    asked.map(({ group: ref, cidr, ...rule }) => ({
      ...rule,
      cidr: cidr === undefined ? null : wholeRange(cidr),
      peer: peerOf(ref),
    })),
  )
}

/** IPv6 in lower case; host bits are the sender's to leave out, as EC2 does it. */
const wholeRange = (cidr: string): string => cidr.toLowerCase()

/** Adds rules to a security group; packets are judged by them as soon as the hosts have heard. */
export const authoriseRules = write('security-groups.authorise', {
  input: z.object({ group: Ref, rules: Rules }),
  async run(context, { group: ref, rules: asked }) {
    const found = await theGroup(context, ref)
    if (!found.ok) return found
    const group = found.value
    const wanted = await meant(context, group, asked)
    if (!wanted.ok) return wanted
    const known = new Set(group.rules.map(likeness))
    for (const rule of wanted.value) {
      const like = likeness(rule)
      if (known.has(like))
        return refuse('already_exists', 'the security group has such a rule already, or it is asked for twice', {
          field: 'rules',
        })
      known.add(like)
    }
    if (known.size > limits.rulesOfGroup)
      return refuse('quota', `a security group has at most ${limits.rulesOfGroup} rules; revoke some, or make another group`, {
        field: 'rules',
      })
    const rules = wanted.value.map(rule => newRule(context, rule))
    const touching = await touched(context, 'rules', [group])
    if (!touching.ok) return touching
    const peers = [...new Set(rules.flatMap(({ peer }) => peer ?? []))]
    const decision: Decision<Ruled> = {
      answer: { group: group.id, rules: rules.map(({ id }) => id) },
      subjects: [group.id],
      changes: [
        { do: 'security-group.holds', groups: [...new Set([group.id, ...peers])] },
        { do: 'security-rule.insert', group: group.id, rules, limit: limits.rulesOfGroup },
        touching.value,
        { do: 'event', project: group.project, type: 'security-group.changed', subject: group.id },
      ],
    }
    return ok(decision)
  },
})

/** Takes rules from a security group, by id or by what they let through; open connections that nothing else lets through are cut. */
export const revokeRules = write('security-groups.revoke', {
  input: z.object({
    group: Ref,
    ids: z.array(Ref).max(limits.rulesOfGroup).default([]),
    rules: Rules.or(z.array(z.never()).length(0)).default([]),
  }),
  async run(context, { group: ref, ids, rules: asked }) {
    const found = await theGroup(context, ref)
    if (!found.ok) return found
    const group = found.value
    const named: Id<'securityRule'>[] = []
    for (const id of ids) {
      const rule = group.rules.find(one => one.id === id || one.alias === id)
      if (!rule) return refuse('not_found', `the security group has no rule ${id}`, { field: 'ids' })
      named.push(rule.id)
    }
    const wanted = await meant(context, group, asked)
    if (!wanted.ok) return wanted
    for (const rule of wanted.value) {
      const like = likeness(rule)
      const same = group.rules.find(one => likeness(one) === like)
      if (!same) return refuse('not_found', 'the security group has no such rule', { field: 'rules' })
      named.push(same.id)
    }
    const rules = [...new Set(named)]
    if (rules.length === 0) return refuse('invalid', 'name the rules that are to go', { field: 'ids' })
    const touching = await touched(context, 'rules', [group])
    if (!touching.ok) return touching
    const decision: Decision<Ruled> = {
      answer: { group: group.id, rules },
      subjects: [group.id],
      changes: [
        { do: 'security-rule.delete', group: group.id, rules },
        touching.value,
        { do: 'event', project: group.project, type: 'security-group.changed', subject: group.id },
      ],
    }
    return ok(decision)
  },
})
