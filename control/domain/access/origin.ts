/** Where a request came from, as far as it is known. */
export interface Origin {
  /** Of the client, by who took its connection; null: not told, which is who is on the machine itself. */
  readonly address: string | null
  /** What its browser or program calls itself, cut short; nothing is decided by it. */
  readonly device: string
}

/**
 * Whom failed sign-ins are counted for: an IPv4 address whole, of IPv6 the /64 that a network hands out to one customer at least, whose every
 * address is theirs to choose.
 */
export function prefixOf({ address }: Origin): string {
  if (address === null) return 'here'
  const mapped = /^(?:::ffff:)?(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  if (mapped !== undefined) return mapped
  const [head = '', tail] = address.toLowerCase().split('%')[0]?.split('::') ?? []
  const groups = head === '' ? [] : head.split(':')
  const behind = tail === undefined || tail === '' ? [] : tail.split(':')
  const all = [...groups, ...Array<string>(Math.max(0, 8 - groups.length - behind.length)).fill('0'), ...behind]
  return `${all
    .slice(0, 4)
    .map(group => group.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`
}
