import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'

/** A place in a list as clients carry it: opaque, so that what it is made of may change. */
export const cursorOf = (after: string): string =>
  btoa(`1:${encodeURIComponent(after)}`)
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')

/** The place that a cursor stands for; null for the beginning. */
export function placeOf(cursor: string | undefined): Result<string | null> {
  if (cursor === undefined) return ok(null)
  try {
    const text = atob(cursor.replaceAll('-', '+').replaceAll('_', '/'))
    if (text.startsWith('1:')) return ok(decodeURIComponent(text.slice(2)))
  } catch {
    // Not one of ours, whatever it is.
  }
  return refuse('invalid', 'cursor: not one that a list gave; leave it out to begin at the start', { field: 'cursor' })
}
