import type { z } from 'zod'
import type { FaultCode } from '../kit/fault.ts'

/** One route of the native API: what validates a request is also what the OpenAPI document says of it. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Under `/api/v1`; `:name` stands for a path parameter, whose schema is in `params`. */
  readonly path: string
  readonly summary: string
  /** The rights it asks for; none for those of one's own session. */
  readonly verbs: readonly string[]
  readonly status: 200 | 201 | 202 | 204
  /** Refusals of its own, beside those that every route may give. */
  readonly faults: readonly FaultCode[]
  readonly params?: z.ZodObject
  readonly query?: z.ZodObject
  readonly body?: z.ZodObject | z.ZodUnion<readonly z.ZodObject[]>
  /** Takes bytes as they are (`application/octet-stream`), of the length that its head promises. */
  readonly bytes?: true
  /** Absent: 204. */
  readonly answer?: z.ZodType
  /** Takes `Idempotency-Key`. */
  readonly idempotent?: true
  /** Asked without a principal: it makes one. */
  readonly open?: true
  /** Also answers `text/event-stream`. */
  readonly stream?: true
}

/** Refusals that any route may give. */
export const commonFaults = [
  'unauthenticated',
  'forbidden',
  'invalid',
  'throttled',
  'unavailable',
  'internal',
] as const satisfies readonly FaultCode[]

type Out<S> = S extends z.ZodType ? z.output<S> : undefined

/** What a handler of `R` is given, parsed. */
export interface Asked<R extends Route> {
  readonly params: Out<R['params']>
  readonly query: Out<R['query']>
  readonly body: Out<R['body']>
}
/** What `R` answers. */
export type AnswerOf<R extends Route> = Out<R['answer']>
