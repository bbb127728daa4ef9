import type { Routes } from '@sirocco/shared/api/routes.ts'
import { ok } from '@sirocco/shared/kit/fault.ts'
import { createKeyPair } from '../../../services/key-pairs/create.ts'
import { deleteKeyPair } from '../../../services/key-pairs/delete.ts'
import { importKeyPair } from '../../../services/key-pairs/import.ts'
import { listKeyPairs } from '../../../services/key-pairs/list.ts'
import type { Handler } from '../handler.ts'
import { listed } from '../list.ts'
import { keyPairJson } from '../render/catalogue.ts'

export const list: Handler<Routes['listKeyPairs']> = async ({ query }, { call }) => {
  const page = await listed(query, page => listKeyPairs.call(call, page), keyPairJson)
  return page.ok ? ok({ body: page.value }) : page
}

export const add: Handler<Routes['addKeyPair']> = async ({ body: { publicKey, type = 'ed25519', ...wanted } }, { call }) => {
  if (publicKey !== undefined) {
    const imported = await importKeyPair.call(call, { ...wanted, publicKey })
    return imported.ok ? ok({ body: keyPairJson(imported.value) }) : imported
  }
  const made = await createKeyPair.call(call, { ...wanted, type })
  return made.ok ? ok({ body: { ...keyPairJson(made.value), privateKey: made.value.privateKey.reveal() } }) : made
}

export const remove: Handler<Routes['deleteKeyPair']> = async ({ params }, { call }) => {
  const gone = await deleteKeyPair.call(call, { keyPair: params.name })
  return gone.ok ? ok({ body: undefined }) : gone
}
