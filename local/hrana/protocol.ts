import { z } from 'zod'
import { hranaLimits } from './limits.ts'

/**
 * Hrana over HTTP, version 2, JSON: the requests that `@libsql/client/web` sends, as its specification names them.
 * https://github.com/tursodatabase/libsql/blob/main/docs/HRANA_2_SPEC.md
 */
const Value = z.discriminatedUnion('type', [
  z.object({ type: z.literal('null') }),
  z.object({ type: z.literal('integer'), value: z.string().regex(/^-?\d{1,19}$/) }),
  z.object({ type: z.literal('float'), value: z.number() }),
  z.object({ type: z.literal('text'), value: z.string() }),
  z.object({ type: z.literal('blob'), base64: z.string() }),
])
export type Value = z.infer<typeof Value>

const Sql = { sql: z.string().optional(), sql_id: z.number().int().optional() }

const Statement = z.object({
  ...Sql,
  args: z.array(Value).default([]),
  named_args: z.array(z.object({ name: z.string(), value: Value })).default([]),
  want_rows: z.boolean().default(true),
})
export type Statement = z.infer<typeof Statement>

export type Condition =
  | { type: 'ok' | 'error'; step: number }
  | { type: 'not'; cond: Condition }
  | { type: 'and' | 'or'; conds: Condition[] }
  | { type: 'is_autocommit' }

const Condition: z.ZodType<Condition> = z.union([
  z.object({ type: z.enum(['ok', 'error']), step: z.number().int().nonnegative() }),
  z.object({ type: z.literal('not'), cond: z.lazy(() => Condition) }),
  z.object({ type: z.enum(['and', 'or']), conds: z.array(z.lazy(() => Condition)) }),
  z.object({ type: z.literal('is_autocommit') }),
])

const Batch = z.object({
  steps: z.array(z.object({ condition: Condition.nullish(), stmt: Statement })).max(hranaLimits.requests),
})
export type Batch = z.infer<typeof Batch>

const Request = z.discriminatedUnion('type', [
  z.object({ type: z.literal('execute'), stmt: Statement }),
  z.object({ type: z.literal('batch'), batch: Batch }),
  z.object({ type: z.literal('sequence'), ...Sql }),
  z.object({ type: z.literal('describe'), ...Sql }),
  z.object({ type: z.literal('store_sql'), sql_id: z.number().int(), sql: z.string() }),
  z.object({ type: z.literal('close_sql'), sql_id: z.number().int() }),
  z.object({ type: z.literal('get_autocommit') }),
  z.object({ type: z.literal('close') }),
])
export type Request = z.infer<typeof Request>

export const Pipeline = z.object({ baton: z.string().nullish(), requests: z.array(Request).max(hranaLimits.requests) })
export type Pipeline = z.infer<typeof Pipeline>

export interface StatementResult {
  readonly cols: readonly { readonly name: string; readonly decltype: string | null }[]
  readonly rows: readonly (readonly Value[])[]
  readonly affected_row_count: number
  readonly last_insert_rowid: string | null
}

export interface SqlError {
  readonly message: string
  readonly code: string
}
