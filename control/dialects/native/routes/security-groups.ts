import type { Routes } from '@sirocco/shared/api/routes.ts'
import type { SecurityGroup } from '@sirocco/shared/api/security-groups.ts'
import { ok, type Result } from '@sirocco/shared/kit/fault.ts'
import type { SecurityGroup as SecurityGroupRow } from '../../../domain/security/group.ts'
import { changeSecurityGroup } from '../../../services/security-groups/change.ts'
import { createSecurityGroup } from '../../../services/security-groups/create.ts'
import { deleteSecurityGroup } from '../../../services/security-groups/delete.ts'
import { findSecurityGroups, listSecurityGroups } from '../../../services/security-groups/list.ts'
import { authoriseRules, revokeRules } from '../../../services/security-groups/rules.ts'
import { defined } from '../defined.ts'
import type { Handler, Here, Reply } from '../handler.ts'
import { listed } from '../list.ts'
import { securityGroupJson } from '../render/security-group.ts'

export const list: Handler<Routes['listSecurityGroups']> = async ({ query }, { call }) => {
  const page = await listed(query, page => listSecurityGroups.call(call, page), securityGroupJson)
  return page.ok ? ok({ body: page.value }) : page
}

async function one({ call }: Here, ref: string): Promise<Result<SecurityGroupRow>> {
  const found = await findSecurityGroups.call(call, { groups: [ref] })
  if (!found.ok) return found
  const [group] = found.value
  if (!group) throw new Error('impossible: found, and not there')
  return ok(group)
}

/** The group as a change has left it. */
async function changed(here: Here, asked: Result<{ readonly group: string }>): Promise<Result<Reply<SecurityGroup>>> {
  if (!asked.ok) return asked
  const group = await one(here, asked.value.group)
  return group.ok ? ok({ body: securityGroupJson(group.value) }) : group
}

export const get: Handler<Routes['getSecurityGroup']> = ({ params }, here) => changed(here, ok({ group: params.id }))
export const add: Handler<Routes['addSecurityGroup']> = async ({ body }, here) =>
  changed(here, await createSecurityGroup.call(here.call, defined(body)))
export const change: Handler<Routes['changeSecurityGroup']> = async ({ params, body }, here) =>
  changed(here, await changeSecurityGroup.call(here.call, { ...defined(body), group: params.id }))
export const authorise: Handler<Routes['authoriseRules']> = async ({ params, body }, here) =>
  changed(here, await authoriseRules.call(here.call, { group: params.id, rules: body.rules.map(defined) }))
export const revoke: Handler<Routes['revokeRules']> = async ({ params, body }, here) =>
  changed(here, await revokeRules.call(here.call, { group: params.id, ids: body.ids }))

export const remove: Handler<Routes['deleteSecurityGroup']> = async ({ params }, { call }) => {
  const gone = await deleteSecurityGroup.call(call, { group: params.id })
  return gone.ok ? ok({ body: undefined }) : gone
}
