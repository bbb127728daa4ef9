export type Range = { readonly offset: number; readonly length?: number }

/**
 * One range of bytes as RFC 9110, 14.1.2 writes it: `bytes=a-b` or `bytes=a-`. Anything else (none, several, a suffix) reads as the whole,
 * which is always a right answer.
 */
export function rangeOf(header: string | null): Range | null {
  const match = /^bytes=(\d{1,15})-(\d{0,15})$/.exec(header ?? '')
  if (!match) return null
  const [offset, last] = [Number(match[1]), match[2]]
  if (last === undefined || last === '') return { offset }
  return Number(last) < offset ? null : { offset, length: Number(last) - offset + 1 }
}
