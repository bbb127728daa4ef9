/** JSON with sorted keys and without undefined: equal values give equal text. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(v => canonical(v === undefined ? null : v)).join(',')}]`
  if (value !== null && typeof value === 'object') {
    const entries = Object.entries(value)
      .filter(([, v]) => v !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    return `{${entries.map(([k, v]) => `${JSON.stringify(k)}:${canonical(v)}`).join(',')}}`
  }
  return JSON.stringify(value) ?? 'null'
}

/**
 * A 64-bit FNV-1a digest of the canonical JSON, as 16 hex digits: to notice a difference, never to prove equality to an
 * adversary. (Two 32-bit lanes, since 64-bit arithmetic on bigints is slow.)
 */
export function digest(value: unknown): string {
  const text = canonical(value)
  let a = 0x811c9dc5
  let b = 0xcbf29ce4
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    a = Math.imul(a ^ code, 0x01000193) >>> 0
    b = Math.imul(b ^ ((code << 5) | (code >>> 3)), 0x01000193) >>> 0
    b = (b ^ (a >>> 13)) >>> 0
  }
  return a.toString(16).padStart(8, '0') + b.toString(16).padStart(8, '0')
}

/** The digest of a set of digests, whatever their order. */
export const digestOf = (digests: Iterable<readonly [key: string, digest: string]>): string =>
  digest([...digests].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
