import { addressOf, overlap, rangeOf } from '@sirocco/shared/kit/ipv4.ts'
import { below, type Random } from '@sirocco/shared/kit/random.ts'

/** The first address of a subnet is its gateway. */
export const gatewayOf = (cidr: string): string => addressOf(rangeOf(cidr).first + 1)

/** Addresses kept back at the start of every subnet, as EC2 does: network, gateway, two for services. */
const keptBack = 4

/** At most `most` addresses that machines of a subnet may have, one after the other from a random one on, and around. */
export function addressesOf(cidr: string, most: number, random: Random): string[] {
  const { first, size } = rangeOf(cidr)
  const usable = Math.max(0, size - keptBack - 1)
  const skipped = below(random, usable)
  return Array.from({ length: Math.min(most, usable) }, (_, i) => addressOf(first + keptBack + ((skipped + i) % usable)))
}

/** The first block of `prefix` bits inside `pool` that overlaps none of `taken`; null when there is none left. */
export function freeBlock(pool: string, prefix: number, taken: readonly string[]): string | null {
  const { first, size } = rangeOf(pool)
  const block = 2 ** (32 - prefix)
  const used = taken.map(rangeOf)
  for (let at = first; at < first + size; at += block)
    if (!used.some(range => overlap(range, { first: at, size: block }))) return `${addressOf(at)}/${prefix}`
  return null
}
