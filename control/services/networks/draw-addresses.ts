import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { below } from '@sirocco/shared/kit/random.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import type { Subnet } from '../../domain/networks/network.ts'
import { addressesOf } from '../../domain/networks/range.ts'
import type { Context } from '../verb.ts'

/** Free addresses, as they were read: the claim in the batch decides. */
export interface Drawn {
  readonly addresses: readonly string[]
  /** Others that were free, a few. */
  readonly others: readonly string[]
}

/**
 * `min` to `max` free addresses of a subnet, drawn at random so that launches at once seldom want the same: next to each other as free ones go,
 * since many scattered ones would nearly always meet another's. Looks among a few, which nearly always do; only where they do not, among
 * all. `capacity` where fewer than `min` are free.
 */
export async function drawAddresses(
  { store, random }: Pick<Context, 'store' | 'random'>,
  subnet: Subnet,
  { min, max }: { readonly min: number; readonly max: number },
): Promise<Result<Drawn>> {
  const near = addressesOf(subnet.cidr, Math.max(limits.addressWindow, 2 * max), random)
  const taken = await store.networks.taken(subnet.id, near)
  if (!taken.ok) return taken
  let free = without(near, taken.value)
  if (free.length < max) {
    const everyTaken = await store.networks.taken(subnet.id)
    if (!everyTaken.ok) return everyTaken
    free = without(addressesOf(subnet.cidr, Number.POSITIVE_INFINITY, random), everyTaken.value)
  }
  if (free.length < min) {
    const left = free.length === 0 ? 'no free address left' : `only ${free.length} free addresses left`
    return refuse('capacity', `subnet ${subnet.alias} (${subnet.cidr}) has ${left}; delete machines, or use another subnet`)
  }
  const count = Math.min(max, free.length)
  const begin = below(random, free.length - count + 1)
  const others = [...free.slice(begin + count), ...free.slice(0, begin)].slice(0, limits.addressWindow)
  return ok({ addresses: free.slice(begin, begin + count), others })
}

const without = (addresses: readonly string[], taken: readonly string[]): readonly string[] => {
  const known = new Set(taken)
  return addresses.filter(address => !known.has(address))
}
