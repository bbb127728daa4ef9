import type { Routes } from '@sirocco/shared/api/routes.ts'
import { ok } from '@sirocco/shared/kit/fault.ts'
import { addIdentityProvider } from '../../../services/identity-providers/add.ts'
import { changeIdentityProvider } from '../../../services/identity-providers/change.ts'
import { deleteIdentityProvider } from '../../../services/identity-providers/delete.ts'
import { listIdentityProviders } from '../../../services/identity-providers/list.ts'
import { defined } from '../defined.ts'
import type { Handler } from '../handler.ts'
import { listed } from '../list.ts'
import { identityProviderJson } from '../render/identity.ts'

export const list: Handler<Routes['listIdentityProviders']> = async ({ query }, { call }) => {
  const page = await listed(query, page => listIdentityProviders.call(call, page), identityProviderJson)
  return page.ok ? ok({ body: page.value }) : page
}

export const add: Handler<Routes['addIdentityProvider']> = async ({ body }, { call }) => {
  const added = await addIdentityProvider.call(call, body)
  return added.ok ? ok({ body: identityProviderJson(added.value) }) : added
}

export const change: Handler<Routes['changeIdentityProvider']> = async ({ params, body }, { call }) => {
  const changed = await changeIdentityProvider.call(call, { ...defined(body), provider: params.id })
  return changed.ok ? ok({ body: identityProviderJson(changed.value) }) : changed
}

export const remove: Handler<Routes['deleteIdentityProvider']> = async ({ params }, { call }) => {
  const gone = await deleteIdentityProvider.call(call, { provider: params.id })
  return gone.ok ? ok({ body: undefined }) : gone
}
