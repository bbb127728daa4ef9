/** Ports as people type them: `443`, `8000-8080`, or nothing for all; null where it is none of these. */
export function portsOf(text: string): { readonly from: number | null; readonly to: number | null } | null {
  const trimmed = text.trim()
  if (trimmed === '') return { from: null, to: null }
  const match = /^(\d{1,5})(?:\s*-\s*(\d{1,5}))?$/.exec(trimmed)
  if (!match) return null
  const from = Number(match[1])
  const to = Number(match[2] ?? match[1])
  return from <= to && to <= 65_535 ? { from, to } : null
}
