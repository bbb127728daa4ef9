/** Everything that can be refused or go wrong, for whoever asked. Closed: every dialect renders every code. */
export const faultCodes = [
  'not_found',
  'already_exists',
  'invalid',
  'precondition',
  'conflict',
  'stale',
  'quota',
  'capacity',
  'unsupported',
  'unauthenticated',
  'forbidden',
  'throttled',
  'unavailable',
  'internal',
] as const
export type FaultCode = (typeof faultCodes)[number]

/** Words by a key, so that readers of other languages get their own (`shared/model/messages.ts`). */
export interface Said {
  /** In English. */
  readonly text: string
  readonly key: string
  readonly params: Readonly<Record<string, string>>
}

export interface Fault {
  readonly code: FaultCode
  /** For the person who asked: what happened and what to do. */
  readonly message: string
  /** Of the message, where it is of the catalogue. */
  readonly key?: string
  readonly params?: Readonly<Record<string, string>>
  /** Of `throttled`: seconds until it is worth trying again, where that is known. */
  readonly retryAfter?: number
  /** The field at fault, as a dotted path of the request, where there is one. */
  readonly field?: string
  /** For the operator; never leaves the control plane. */
  readonly detail?: string
}

export type Refused = { readonly ok: false; readonly fault: Fault }
export type Result<T> = { readonly ok: true; readonly value: T } | Refused

export const ok = <T>(value: T): Result<T> => ({ ok: true, value })

export const faultOf = (code: FaultCode, { text, key, params }: Said): Fault => ({ code, message: text, key, params })

export const refuse = (
  code: FaultCode,
  message: string | Said,
  more: { readonly field?: string; readonly detail?: string; readonly retryAfter?: number } = {},
): Refused => ({
  ok: false,
  fault: { ...(typeof message === 'string' ? { code, message } : faultOf(code, message)), ...more },
})

/** All values, or the first fault. */
export function all<T>(results: readonly Result<T>[]): Result<T[]> {
  const values: T[] = []
  for (const result of results) {
    if (!result.ok) return result
    values.push(result.value)
  }
  return ok(values)
}
