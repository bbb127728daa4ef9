import type { Routes } from '@sirocco/shared/api/routes.ts'
import { ok } from '@sirocco/shared/kit/fault.ts'
import { type Asked, askProvider, beginIdentity } from '../../../services/identities/ask.ts'
import { linkIdentity } from '../../../services/identities/link.ts'
import { listIdentities } from '../../../services/identities/list.ts'
import { unlinkIdentity } from '../../../services/identities/unlink.ts'
import { namedProviders } from '../../../services/identity-providers/list.ts'
import type { Handler } from '../handler.ts'
import { listed } from '../list.ts'
import { identityJson } from '../render/identity.ts'

const askedJson = ({ url, flow }: Asked) => ({ url, flow: flow.reveal() })

export const named: Handler<Routes['listSignInProviders']> = async (_, { ports }) => {
  const items = await namedProviders(ports)
  return items.ok ? ok({ body: { items: [...items.value] } }) : items
}

export const ask: Handler<Routes['askProvider']> = async ({ body }, { ports, publicUrl, origin }) => {
  const asked = await askProvider(ports, { ...body, publicUrl, origin })
  return asked.ok ? ok({ body: askedJson(asked.value) }) : asked
}

export const list: Handler<Routes['listIdentities']> = async ({ query }, { call }) => {
  const page = await listed(query, page => listIdentities.call(call, page), identityJson)
  return page.ok ? ok({ body: page.value }) : page
}

export const begin: Handler<Routes['beginIdentity']> = async ({ body }, { call, publicUrl }) => {
  const asked = await beginIdentity.call(call, { ...body, publicUrl })
  return asked.ok ? ok({ body: askedJson(asked.value) }) : asked
}

export const link: Handler<Routes['linkIdentity']> = async ({ body }, { call, publicUrl }) => {
  const linked = await linkIdentity.call(call, { ...body, publicUrl })
  return linked.ok ? ok({ body: identityJson(linked.value) }) : linked
}

export const unlink: Handler<Routes['unlinkIdentity']> = async ({ params }, { call }) => {
  const gone = await unlinkIdentity.call(call, { provider: params.id })
  return gone.ok ? ok({ body: undefined }) : gone
}
