import type { Routes } from '@sirocco/shared/api/routes.ts'
import { ok } from '@sirocco/shared/kit/fault.ts'
import { addPasskey } from '../../../services/passkeys/add.ts'
import { beginPasskey } from '../../../services/passkeys/begin.ts'
import { listPasskeys } from '../../../services/passkeys/list.ts'
import { removePasskey } from '../../../services/passkeys/remove.ts'
import { renamePasskey } from '../../../services/passkeys/rename.ts'
import { askPasskey } from '../../../services/passkeys/sign-in.ts'
import type { Handler } from '../handler.ts'
import { listed } from '../list.ts'
import { passkeyJson } from '../render/passkey.ts'

export const list: Handler<Routes['listPasskeys']> = async ({ query }, { call }) => {
  const page = await listed(query, page => listPasskeys.call(call, page), passkeyJson)
  return page.ok ? ok({ body: page.value }) : page
}

export const begin: Handler<Routes['beginPasskey']> = async (_, { call, publicUrl }) => {
  const options = await beginPasskey.call(call, { publicUrl })
  return options.ok ? ok({ body: { ...options.value } }) : options
}

export const add: Handler<Routes['addPasskey']> = async ({ body }, { call, publicUrl }) => {
  const added = await addPasskey.call(call, { ...body, publicUrl })
  return added.ok ? ok({ body: passkeyJson(added.value) }) : added
}

export const rename: Handler<Routes['renamePasskey']> = async ({ params, body }, { call }) => {
  const renamed = await renamePasskey.call(call, { passkey: params.id, name: body.name })
  return renamed.ok ? ok({ body: passkeyJson(renamed.value) }) : renamed
}

export const remove: Handler<Routes['removePasskey']> = async ({ params }, { call }) => {
  const gone = await removePasskey.call(call, { passkey: params.id })
  return gone.ok ? ok({ body: undefined }) : gone
}

export const ask: Handler<Routes['askPasskey']> = async (_, { ports, publicUrl }) => {
  const options = await askPasskey(ports, publicUrl)
  return options.ok ? ok({ body: { ...options.value } }) : options
}
