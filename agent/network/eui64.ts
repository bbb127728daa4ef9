/** The link-local IPv6 address that a guest makes of its MAC (RFC 4291, appendix A): `fe80::5054:ff:fe0a:11`. */
export function linkLocalOf(mac: string): string {
  const bytes = mac.split(':').map(byte => Number.parseInt(byte, 16))
  const [first = 0, ...rest] = bytes
  const all = [first ^ 2, ...rest.slice(0, 2), 0xff, 0xfe, ...rest.slice(2)]
  const words = [0, 2, 4, 6].map(at => (((all[at] ?? 0) << 8) | (all[at + 1] ?? 0)).toString(16))
  return `fe80::${words.join(':')}`
}

/** The same as 32 hex digits, as raw payload is compared. */
export function linkLocalHex(mac: string): string {
  const words = linkLocalOf(mac).slice('fe80::'.length).split(':')
  return `fe80000000000000${words.map(word => word.padStart(4, '0')).join('')}`
}
