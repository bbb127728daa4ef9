import type { Network, Subnet } from '../../domain/networks/network.ts'
import { listNetworks } from '../../services/networks/list.ts'
import type { Request } from './action.ts'
import { pageOf } from './paging.ts'

/** The networks of this endpoint's region: few, so they come whole. */
export async function networksOf(request: Request): Promise<readonly Network[]> {
  const { items } = await pageOf<Network>({
    passes: network => network.region === request.region,
    residual: true,
    keyOf: network => network.id,
    page: page => request.call(listNetworks, page),
  })
  return items
}

export type SubnetOfNetwork = Subnet & { readonly network: Network }
export const subnetsOf = (networks: readonly Network[]): readonly SubnetOfNetwork[] =>
  networks.flatMap(network => network.subnets.map(subnet => ({ ...subnet, network })))
