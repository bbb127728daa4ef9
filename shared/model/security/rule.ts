/** Which way a rule lets packets through: `in` to a machine, `out` of it. Answers to what was let through always pass. */
export const ruleDirections = ['in', 'out'] as const
export type RuleDirection = (typeof ruleDirections)[number]

/** Protocols by name; any other by its number. */
const named = { '1': 'icmp', '6': 'tcp', '17': 'udp', '58': 'icmpv6' } as const
const numbers: Readonly<Record<string, number>> = { icmp: 1, tcp: 6, udp: 17, icmpv6: 58 }

/** `all`, `tcp`, `udp`, `icmp`, `icmpv6`, or the number of another; null where it is none. */
export function protocolOf(text: string): string | null {
  const word = text.toLowerCase()
  if (word === 'all' || word === '-1') return 'all'
  if (word in numbers) return word
  if (!/^\d{1,3}$/.test(word) || Number(word) > 255) return null
  const number = String(Number(word))
  return number in named ? named[number as keyof typeof named] : number
}

/** As it stands in a packet; null for `all`. */
export const protocolNumber = (protocol: string): number | null =>
  protocol === 'all' ? null : (numbers[protocol] ?? Number(protocol))

export const hasPorts = (protocol: string): boolean => protocol === 'tcp' || protocol === 'udp'
export const isIcmp = (protocol: string): boolean => protocol === 'icmp' || protocol === 'icmpv6'

/** What a rule lets through. Of `cidr` and `group` one is said. */
export interface RuleMatch {
  readonly direction: RuleDirection
  readonly protocol: string
  /** The first port; of ICMP the type. null: any. */
  readonly from: number | null
  /** The last port; of ICMP the code. null: any. */
  readonly to: number | null
}

/** What is wrong with its ports, for a person; null where nothing is. */
export function wrongPorts({ protocol, from, to }: Omit<RuleMatch, 'direction'>): string | null {
  if (hasPorts(protocol)) {
    if ((from === null) !== (to === null)) return 'give the first and the last port, or neither for all ports'
    if (from !== null && to !== null && (from > to || from < 0 || to > 65_535))
      return 'ports are 0 to 65535, the first not above the last'
    return null
  }
  if (isIcmp(protocol)) {
    if (from === null && to !== null) return 'an ICMP code needs its type'
    if ((from ?? 0) > 255 || (to ?? 0) > 255 || (from ?? 0) < 0 || (to ?? 0) < 0) return 'ICMP types and codes are 0 to 255'
    return null
  }
  return from === null && to === null ? null : `the protocol ${protocol} has no ports; leave them out`
}
