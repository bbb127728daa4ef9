/** IPv4 ranges as numbers; the text was parsed at the edge. */
export interface Range {
  readonly first: number
  readonly size: number
}

const numberOf = (address: string): number => address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
export const addressOf = (value: number): string => [24, 16, 8, 0].map(shift => Math.floor(value / 2 ** shift) % 256).join('.')

export const prefixOf = (cidr: string): number => Number(cidr.split('/')[1] ?? 32)

/** `10.64.3.0/24` or a bare address; a range that is not aligned is taken as the one it lies in. */
export function rangeOf(cidr: string): Range {
  const [address = ''] = cidr.split('/')
  const size = 2 ** (32 - prefixOf(cidr))
  return { first: Math.floor(numberOf(address) / size) * size, size }
}

export const overlap = (a: Range, b: Range): boolean => a.first < b.first + b.size && b.first < a.first + a.size
/** Do two ranges, written as text, share an address? */
export const overlaps = (a: string, b: string): boolean => overlap(rangeOf(a), rangeOf(b))
