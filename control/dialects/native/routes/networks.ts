import type { Network } from '@sirocco/shared/api/networks.ts'
import type { Routes } from '@sirocco/shared/api/routes.ts'
import { ok, type Result } from '@sirocco/shared/kit/fault.ts'
import { addSubnet } from '../../../services/networks/add-subnet.ts'
import { createNetwork } from '../../../services/networks/create.ts'
import { deleteNetwork } from '../../../services/networks/delete.ts'
import { findNetwork, listNetworks } from '../../../services/networks/list.ts'
import { removeSubnet } from '../../../services/networks/remove-subnet.ts'
import { defined } from '../defined.ts'
import type { Handler, Here, Reply } from '../handler.ts'
import { listed } from '../list.ts'
import { networkJson } from '../render/catalogue.ts'

export const list: Handler<Routes['listNetworks']> = async ({ query }, { call }) => {
  const page = await listed(query, page => listNetworks.call(call, page), networkJson)
  return page.ok ? ok({ body: page.value }) : page
}

/** The network as a change has left it. */
async function changed({ call }: Here, asked: Result<{ readonly network: string }>): Promise<Result<Reply<Network>>> {
  if (!asked.ok) return asked
  const network = await findNetwork.call(call, { network: asked.value.network })
  return network.ok ? ok({ body: networkJson(network.value) }) : network
}

export const add: Handler<Routes['addNetwork']> = async ({ body: { subnets = [], ...body } }, here) =>
  changed(here, await createNetwork.call(here.call, { ...defined(body), subnets: subnets.map(defined) }))
export const addOne: Handler<Routes['addSubnet']> = async ({ params, body }, here) =>
  changed(here, await addSubnet.call(here.call, { ...defined(body), network: params.id }))

export const remove: Handler<Routes['deleteNetwork']> = async ({ params }, { call }) => {
  const gone = await deleteNetwork.call(call, { network: params.id })
  return gone.ok ? ok({ body: undefined }) : gone
}
export const removeOne: Handler<Routes['deleteSubnet']> = async ({ params }, { call }) => {
  const gone = await removeSubnet.call(call, { subnet: params.id })
  return gone.ok ? ok({ body: undefined }) : gone
}
