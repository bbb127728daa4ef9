const range = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/

/** Whether this reads as a range of IPv4. What ranges there may be is the server's to say. */
export function isRange(text: string): boolean {
  const [, a, b, c, d, bits] = range.exec(text) ?? []
  return bits !== undefined && Number(bits) <= 32 && [a, b, c, d].every(part => Number(part) < 256)
}

/** What a network's first subnet may well be: 256 addresses of its range, or all where it has fewer. */
export function firstSubnet(cidr: string): string {
  if (!isRange(cidr.trim())) return cidr
  const [address = '', bits = ''] = cidr.trim().split('/')
  return `${address}/${Math.max(Number(bits), 24)}`
}
