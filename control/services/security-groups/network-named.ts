import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import type { Network } from '../../domain/networks/network.ts'
import type { Context } from '../verb.ts'

/** A network of the project by either id; its default one (of a region) where none is named. */
export async function networkNamed(
  { store, scope }: Context,
  ref: string | undefined,
  region: string | undefined,
): Promise<Result<Network>> {
  const all = await store.networks.list(scope, { after: null, limit: limits.pageMax })
  if (!all.ok) return all
  const found = all.value.items.find(
    network =>
      (region === undefined || network.region === region) &&
      (ref === undefined ? network.isDefault : network.id === ref || network.alias === ref),
  )
  return found
    ? ok(found)
    : refuse('not_found', ref === undefined ? 'the project has no default network' : `there is no network ${ref}`, {
        field: 'network',
      })
}
