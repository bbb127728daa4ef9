import type { InValue } from '@libsql/client/web'
import { getTableColumns, getTableName, is, SQL } from 'drizzle-orm'
import { type SQLiteInsertValue, SQLiteSyncDialect, type SQLiteTable } from 'drizzle-orm/sqlite-core'

const dialect = new SQLiteSyncDialect()

/**
 * Rows of one table as one plain INSERT, with the values and defaults that drizzle's own builder gives: that one makes an object of every
 * value, which costs a launch more than the rest of its batch.
 */
export function insertRows<T extends SQLiteTable>(
  table: T,
  rows: readonly SQLiteInsertValue<T>[],
): { readonly sql: string; readonly args: InValue[] } {
  const columns = Object.entries(getTableColumns(table))
  const names = columns.map(([, { name }]) => `"${name}"`).join(', ')
  const args: InValue[] = []
  const texts = rows.map(values => {
    const given: Readonly<Record<string, unknown>> = values
    const places = columns.map(([key, column]) => {
      const value = given[key] === undefined ? (column.default ?? null) : given[key]
      if (is(value, SQL)) {
        const { sql, params } = dialect.sqlToQuery(value)
        args.push(...(params as InValue[]))
        return sql
      }
      args.push(value === null ? null : (column.mapToDriverValue(value) as InValue))
      return '?'
    })
    return `(${places.join(', ')})`
  })
  return { sql: `INSERT INTO "${getTableName(table)}" (${names}) VALUES ${texts.join(', ')}`, args }
}
