/** An IPv4 range as numbers, both ends included. */
export interface Range {
  readonly first: number
  readonly last: number
}

const number = (address: string): number => address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
const text = (value: number): string => [24, 16, 8, 0].map(shift => Math.floor(value / 2 ** shift) % 256).join('.')

/** `10.64.3.0/24` or a bare address; a range that is not aligned is taken as the one it lies in. */
export function rangeOf(cidr: string): Range {
  const [address = '', prefix = '32'] = cidr.split('/')
  const size = 2 ** (32 - Number(prefix))
  const first = Math.floor(number(address) / size) * size
  return { first, last: first + size - 1 }
}

export const overlap = (a: Range, b: Range): boolean => a.first <= b.last && b.first <= a.last
export const prefixOf = (cidr: string): number => Number(cidr.split('/')[1] ?? 32)
export const networkAddress = (cidr: string): string => text(rangeOf(cidr).first)
export const netmask = (cidr: string): string => text(2 ** 32 - 2 ** (32 - prefixOf(cidr)))
