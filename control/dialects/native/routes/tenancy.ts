import type { Routes } from '@sirocco/shared/api/routes.ts'
import { ok } from '@sirocco/shared/kit/fault.ts'
import { deleteAccessKey } from '../../../services/access-keys/delete.ts'
import { listAccessKeys } from '../../../services/access-keys/list.ts'
import { makeAccessKey } from '../../../services/access-keys/make.ts'
import { listInvitations } from '../../../services/invitations/list.ts'
import { makeInvitation } from '../../../services/invitations/make.ts'
import { revokeInvitation } from '../../../services/invitations/revoke.ts'
import { changeMember } from '../../../services/members/change.ts'
import { listMembers } from '../../../services/members/list.ts'
import { leaveProject, removeMember } from '../../../services/members/remove.ts'
import { listProjects } from '../../../services/projects/list.ts'
import { makeProject } from '../../../services/projects/make.ts'
import { setQuota } from '../../../services/projects/set-quota.ts'
import { showQuota } from '../../../services/projects/show-quota.ts'
import { listSessions } from '../../../services/sessions/list.ts'
import { revokeSession } from '../../../services/sessions/revoke.ts'
import { disableUser } from '../../../services/users/disable.ts'
import { listUsers } from '../../../services/users/list.ts'
import { defined } from '../defined.ts'
import type { Handler } from '../handler.ts'
import { listed } from '../list.ts'
import { accessKeyJson, invitationJson, memberJson, projectJson, sessionJson, userJson } from '../render/tenancy.ts'

export const projects: Handler<Routes['listProjects']> = async ({ query }, { call }) => {
  const page = await listed(query, page => listProjects.call(call, page), projectJson)
  return page.ok ? ok({ body: page.value }) : page
}

export const addProject: Handler<Routes['addProject']> = async ({ body }, { call }) => {
  const made = await makeProject.call(call, body)
  return made.ok ? ok({ body: projectJson(made.value) }) : made
}

export const quota: Handler<Routes['getQuota']> = async ({ params }, { call }) => {
  const shown = await showQuota.call(call, params)
  return shown.ok ? ok({ body: { items: shown.value.map(one => ({ ...one })) } }) : shown
}

export const limit: Handler<Routes['setQuota']> = async ({ params, body }, { call }) => {
  const set = await setQuota.call(call, { ...params, limits: defined(body) })
  return set.ok ? ok({ body: undefined }) : set
}

export const members: Handler<Routes['listMembers']> = async ({ query }, { call }) => {
  const page = await listed(query, page => listMembers.call(call, page), memberJson)
  return page.ok ? ok({ body: page.value }) : page
}

export const changeRole: Handler<Routes['changeMember']> = async ({ params, body }, { call }) => {
  const changed = await changeMember.call(call, { ...params, ...body })
  return changed.ok ? ok({ body: memberJson(changed.value) }) : changed
}

export const remove: Handler<Routes['removeMember']> = async ({ params: { user } }, { call, principal }) => {
  const own = user === principal.user || user === principal.email
  const gone = own ? await leaveProject.call(call, {}) : await removeMember.call(call, { user })
  return gone.ok ? ok({ body: undefined }) : gone
}

export const invitations: Handler<Routes['listInvitations']> = async ({ query }, { call }) => {
  const page = await listed(query, page => listInvitations.call(call, page), invitationJson)
  return page.ok ? ok({ body: page.value }) : page
}

export const invite: Handler<Routes['addInvitation']> = async ({ body }, { call, publicUrl }) => {
  const made = await makeInvitation.call(call, body)
  if (!made.ok) return made
  // Behind #: no server and no referrer sees it.
  const link = `${new URL(publicUrl).origin}/sign-in#invitation=${made.value.token.reveal()}`
  return ok({ body: { ...invitationJson(made.value), link } })
}

export const withdraw: Handler<Routes['deleteInvitation']> = async ({ params }, { call }) => {
  const gone = await revokeInvitation.call(call, { invitation: params.id })
  return gone.ok ? ok({ body: undefined }) : gone
}

export const accessKeys: Handler<Routes['listAccessKeys']> = async ({ query }, { call }) => {
  const page = await listed(query, page => listAccessKeys.call(call, page), accessKeyJson)
  return page.ok ? ok({ body: page.value }) : page
}

export const addAccessKey: Handler<Routes['addAccessKey']> = async ({ body: { days } }, { call }) => {
  const made = await makeAccessKey.call(call, days === undefined ? {} : { days })
  return made.ok ? ok({ body: { ...accessKeyJson(made.value), secretAccessKey: made.value.secret.reveal() } }) : made
}

export const removeAccessKey: Handler<Routes['deleteAccessKey']> = async ({ params }, { call }) => {
  const gone = await deleteAccessKey.call(call, { key: params.id })
  return gone.ok ? ok({ body: undefined }) : gone
}

export const sessions: Handler<Routes['listSignIns']> = async ({ query }, { call, principal }) => {
  const page = await listed(query, page => listSessions.call(call, page), sessionJson(principal))
  return page.ok ? ok({ body: page.value }) : page
}

export const endSession: Handler<Routes['endSignIn']> = async ({ params }, { call }) => {
  const gone = await revokeSession.call(call, { session: params.id })
  return gone.ok ? ok({ body: undefined }) : gone
}

export const users: Handler<Routes['listUsers']> = async ({ query }, { call }) => {
  const page = await listed(query, page => listUsers.call(call, page), userJson)
  return page.ok ? ok({ body: page.value }) : page
}

export const changeUser: Handler<Routes['changeUser']> = async ({ params, body }, { call }) => {
  const changed = await disableUser.call(call, { ...params, ...body })
  return changed.ok ? ok({ body: userJson(changed.value) }) : changed
}
