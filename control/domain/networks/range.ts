import { addressOf, overlap, rangeOf } from '@sirocco/shared/kit/ipv4.ts'

/** The first address of a subnet is its gateway. */
export const gatewayOf = (cidr: string): string => addressOf(rangeOf(cidr).first + 1)

/** Addresses kept back at the start of every subnet, as EC2 does: network, gateway, two for services. */
const keptBack = 4

/**
 * The first free address for a machine, looked for from `begin` (in [0, 1), of the way through the subnet) and around; null when the subnet
 * is full.
 */
export function freeAddress(cidr: string, taken: ReadonlySet<string>, begin = 0): string | null {
  const { first, size } = rangeOf(cidr)
  const usable = size - keptBack - 1
  const skipped = Math.floor(begin * usable)
  for (let i = 0; i < usable; i++) {
    const address = addressOf(first + keptBack + ((skipped + i) % usable))
    if (!taken.has(address)) return address
  }
  return null
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
