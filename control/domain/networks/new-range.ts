import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { addressOf, overlaps, prefixOf, rangeOf } from '@sirocco/shared/kit/ipv4.ts'

/** Ranges that no machine could be reached by: this network, loopback, link-local (metadata is there), multicast and what lies behind it. */
const nobodys = ['0.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '224.0.0.0/3'] as const

/** Prefixes of what people may choose: as EC2's. */
const [widest, narrowest] = [16, 28]

/**
 * Whether a range may be a network's or a subnet's. Any may, whoever else has it, but those that default networks are cut from (`pools`): these
 * are to find room on every host.
 */
export function allowed(cidr: string, pools: readonly string[], field: string): Result<void> {
  const bits = prefixOf(cidr)
  if (bits < widest || bits > narrowest)
    return refuse('invalid', `${cidr} is not between a /${widest} and a /${narrowest}`, { field })
  const whole = `${addressOf(rangeOf(cidr).first)}/${bits}`
  if (whole !== cidr) return refuse('invalid', `${cidr} does not begin where its range does; write ${whole}`, { field })
  const reserved = nobodys.find(range => overlaps(range, cidr))
  if (reserved !== undefined) return refuse('invalid', `${cidr} overlaps ${reserved}, which machines cannot use`, { field })
  const pool = pools.find(range => overlaps(range, cidr))
  return pool === undefined
    ? ok(undefined)
    : refuse('invalid', `${cidr} overlaps ${pool}, which default networks are cut from; choose another range`, { field })
}

/** Whether a subnet fits into its network, beside the others. */
export function fitsInto(cidr: string, network: string | null, others: readonly string[], field: string): Result<void> {
  if (network === null)
    return refuse('precondition', 'a default network has the subnets that it has; make a network of your own for others')
  const [outer, inner] = [rangeOf(network), rangeOf(cidr)]
  if (inner.first < outer.first || inner.first + inner.size > outer.first + outer.size)
    return refuse('invalid', `${cidr} is not within the network's range ${network}`, { field })
  const other = others.find(range => overlaps(range, cidr))
  return other === undefined
    ? ok(undefined)
    : refuse('conflict', `${cidr} overlaps the network's subnet ${other}; choose another range`, { field })
}
