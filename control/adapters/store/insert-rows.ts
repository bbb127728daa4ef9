import type { InValue } from '@libsql/client/web'
import { type Column, getTableColumns, getTableName, is, SQL } from 'drizzle-orm'
import { type SQLiteInsertValue, SQLiteSyncDialect, type SQLiteTable, type SQLiteUpdateSetSource } from 'drizzle-orm/sqlite-core'

const dialect = new SQLiteSyncDialect()

export interface Built {
  readonly sql: string
  readonly args: InValue[]
}

/**
 * Rows of one table as one plain INSERT, with the values and defaults that drizzle's own builder gives: that one makes an object of every
 * value, which costs a launch more than the rest of its batch.
 */
export function insertRows<T extends SQLiteTable>(table: T, rows: readonly SQLiteInsertValue<T>[]): Built {
  const columns = Object.entries(getTableColumns(table))
  const names = columns.map(([, { name }]) => `"${name}"`).join(', ')
  const args: InValue[] = []
  const texts = rows.map(values => {
    const given: Readonly<Record<string, unknown>> = values
    const places = columns.map(([key, column]) => {
      const value = given[key] === undefined ? (column.default ?? null) : given[key]
      return place(column, value, args)
    })
    return `(${places.join(', ')})`
  })
  return { sql: `INSERT INTO "${getTableName(table)}" (${names}) VALUES ${texts.join(', ')}`, args }
}

/** One row, in the place of that with the same `key` where it is newer: observers are ordered by their own (epoch, seq). */
export function putNewer<T extends SQLiteTable>(table: T, key: Column, row: SQLiteInsertValue<T>): Built {
  const { sql, args } = insertRows(table, [row])
  const name = getTableName(table)
  const given: Readonly<Record<string, unknown>> = row
  const set = Object.entries(getTableColumns(table))
    .filter(([field, column]) => given[field] !== undefined && column.name !== key.name)
    .map(([, column]) => `"${column.name}" = excluded."${column.name}"`)
  const older = `"${name}".epoch < excluded.epoch OR ("${name}".epoch = excluded.epoch AND "${name}".seq < excluded.seq)`
  return { sql: `${sql} ON CONFLICT ("${key.name}") DO UPDATE SET ${set.join(', ')} WHERE (${older})`, args }
}

/** The rows of one table that `where` finds, with these values; those that are undefined stay. */
export function updateRows<T extends SQLiteTable>(table: T, values: SQLiteUpdateSetSource<T>, where: Built): Built {
  const args: InValue[] = []
  const given: Readonly<Record<string, unknown>> = values
  const set = Object.entries(getTableColumns(table)).flatMap(([field, column]) =>
    given[field] === undefined ? [] : [`"${column.name}" = ${place(column, given[field], args)}`],
  )
  return { sql: `UPDATE "${getTableName(table)}" SET ${set.join(', ')} WHERE ${where.sql}`, args: [...args, ...where.args] }
}

/** What stands for a value in the text; the value itself goes to `args`. */
function place(column: Column, value: unknown, args: InValue[]): string {
  if (is(value, SQL)) {
    const { sql, params } = dialect.sqlToQuery(value)
    args.push(...(params as InValue[]))
    return sql
  }
  args.push(value === null ? null : (column.mapToDriverValue(value) as InValue))
  return '?'
}
