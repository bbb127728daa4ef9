import type { FaultCode } from '@sirocco/shared/kit/fault.ts'
import { faultCodes } from '@sirocco/shared/kit/fault.ts'

/** Why a request did not do what was asked: RFC 9457's answer of the API, or `offline` where there was none. */
export class Problem extends Error {
  readonly code: FaultCode | 'offline'
  readonly status: number
  /** The field of the request at fault, as a dotted path, where there is one. */
  readonly field: string | null
  /** Of the request, for whoever is asked for help. */
  readonly instance: string | null

  /** Of the message, for readers of other languages. */
  readonly key: string | undefined
  readonly params: Readonly<Record<string, string>>

  constructor(
    code: FaultCode | 'offline',
    status: number,
    detail: string,
    field: string | null,
    instance: string | null,
    said: { readonly key?: string; readonly params?: Readonly<Record<string, string>> } = {},
  ) {
    super(detail)
    this.name = 'Problem'
    this.code = code
    this.status = status
    this.field = field
    this.instance = instance
    this.key = said.key
    this.params = said.params ?? {}
  }
}

const text = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null)

const isFaultCode = (word: string): word is FaultCode => (faultCodes as readonly string[]).includes(word)

const wordsOf = (value: unknown): Record<string, string> =>
  Object.fromEntries(
    Object.entries(typeof value === 'object' && value !== null ? value : {}).filter(([, word]) => typeof word === 'string'),
  )

/** Reads an answer's problem document; what is no problem document at all (a proxy's error page) becomes `unavailable`. */
export function problemOf(status: number, body: unknown): Problem {
  const fields: Record<string, unknown> = typeof body === 'object' && body !== null ? { ...body } : {}
  const word = text(fields.type)?.split('/').at(-1) ?? ''
  const code = isFaultCode(word) ? word : status === 401 ? 'unauthenticated' : status === 404 ? 'not_found' : 'unavailable'
  const detail = text(fields.detail) ?? text(fields.title) ?? `HTTP ${status}`
  const key = text(fields.key)
  return new Problem(
    code,
    status,
    detail,
    text(fields.field),
    text(fields.instance),
    key === null ? {} : { key, params: wordsOf(fields.params) },
  )
}
