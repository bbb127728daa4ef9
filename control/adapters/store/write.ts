import type { InStatement, InValue } from '@libsql/client/web'
import type { SQL } from 'drizzle-orm'
import { SQLiteSyncDialect } from 'drizzle-orm/sqlite-core'
import type { Change } from '../../ports/changes.ts'
import type { Database } from './database.ts'
import type { Built } from './insert-rows.ts'

const dialect = new SQLiteSyncDialect()
interface Builder {
  toSQL(): { sql: string; params: unknown[] }
}
/** As the client takes it. */
export function statement(query: Builder | SQL | Built): InStatement {
  if ('args' in query) return query
  const built = 'toSQL' in query ? query.toSQL() : dialect.sqlToQuery(query)
  return { sql: built.sql, args: built.params as InValue[] }
}

type Guard = 'stale' | 'quota' | 'capacity' | 'conflict'
/** Right after a predicate write: rolls the batch back where it changed nothing. */
export const unless = (fault: Guard): Built => ({ sql: `INSERT INTO guard (${fault}) SELECT 1 WHERE changes() = 0`, args: [] })

export interface At {
  readonly database: Database
  readonly now: number
}
export type Write<D extends Change['do']> = (change: Extract<Change, { do: D }>, at: At) => readonly (Builder | SQL | Built)[]
