/** An IP address or a range of them, as bytes: 4 or 16. */
type Bytes = readonly number[]

const v4 = (text: string): Bytes | null => {
  const parts = text.split('.')
  if (parts.length !== 4 || !parts.every(part => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255)) return null
  return parts.map(Number)
}

/** RFC 4291's text forms, with a dotted tail too; no zone. */
const v6 = (text: string): Bytes | null => {
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text)
  const tail = dotted ? v4(dotted[2] ?? '') : null
  if (dotted && !tail) return null
  const [a = 0, b = 0, c = 0, d = 0] = tail ?? []
  const plain = dotted ? `${dotted[1]}${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}` : text
  const halves = plain.split('::')
  if (halves.length > 2) return null
  const words = halves.map(half => (half === '' ? [] : half.split(':')))
  if (!words.flat().every(word => /^[0-9a-f]{1,4}$/i.test(word))) return null
  const count = words.flat().length
  if (halves.length === 1 ? count !== 8 : count > 7) return null
  const filled = [...(words[0] ?? []), ...Array.from({ length: 8 - count }, () => '0'), ...(words[1] ?? [])]
  return filled.flatMap(word => [Number.parseInt(word, 16) >> 8, Number.parseInt(word, 16) & 255])
}

const bytesOf = (text: string): Bytes | null => v4(text) ?? v6(text)

const within = (address: Bytes, range: string): boolean => {
  const [base = '', length] = range.split('/')
  const network = bytesOf(base)
  if (!network || network.length !== address.length) return false
  const bits = length === undefined ? network.length * 8 : Number(length)
  return network.every((byte, i) => {
    const of = Math.min(8, Math.max(0, bits - 8 * i))
    return byte >> (8 - of) === (address[i] ?? 0) >> (8 - of)
  })
}

/** IANA's special-purpose registries (RFC 6890 and its updates): nothing there is anybody's public server. */
const special = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
] as const

/** Of IPv6 only this is given out as global unicast; within it, what is not a public server's. */
const globalUnicast = '2000::/3'
const specialIn6 = ['2001::/23', '2001:db8::/32', '3fff::/20'] as const

/** Where an IPv4 address lies in an IPv6 one: mapped, compatible, NAT64 (RFC 6052), 6to4. */
const carriers = [
  { range: '::ffff:0:0/96', at: 12 },
  { range: '::/96', at: 12 },
  { range: '64:ff9b::/96', at: 12 },
  { range: '2002::/16', at: 2 },
] as const

/** Is it somewhere on the public Internet? What does not parse is not. */
export function isPublicAddress(text: string): boolean {
  const address = bytesOf(text)
  if (!address) return false
  if (address.length === 4) return !special.some(range => within(address, range))
  const carrier = carriers.find(({ range }) => within(address, range))
  if (carrier) return isPublicAddress(address.slice(carrier.at, carrier.at + 4).join('.'))
  return within(address, globalUnicast) && !specialIn6.some(range => within(address, range))
}

/** Is it in one of these ranges (`10.0.0.0/8`, `fd00::/8`, or an address alone)? A mapped one counts as what it carries. */
export function isWithin(text: string, ranges: readonly string[]): boolean {
  const address = bytesOf(text)
  if (!address) return false
  const [mapped] = carriers
  const plain = address.length === 16 && within(address, mapped.range) ? address.slice(mapped.at) : address
  return ranges.some(range => within(plain, range))
}

/** Is this a range that `isWithin` understands? */
export function isRange(text: string): boolean {
  const [base = '', length, ...more] = text.split('/')
  const bytes = bytesOf(base)
  if (!bytes || more.length > 0) return false
  return length === undefined || (/^\d{1,3}$/.test(length) && Number(length) <= bytes.length * 8)
}

/** Whether an address lies in a range (`192.0.2.0/24`, `2001:db8::/32`); what does not parse does not. */
export function inRange(address: string, range: string): boolean {
  const bytes = bytesOf(address)
  return bytes !== null && within(bytes, range)
}
