import {
  type Client,
  type InArgs,
  type InStatement,
  LibsqlBatchError,
  LibsqlError,
  type ResultSet,
  type Row,
  type TransactionMode,
  type Value,
} from '@libsql/client/web'
import { assert } from '@sirocco/shared/kit/assert.ts'
import Database from 'libsql'

type Bound = null | bigint | number | string | Uint8Array
type Prepared = Database.Statement<Bound[]>

/** How much of the client the store uses; the rest throws. */
export interface MemoryDatabase extends Client {
  /** A direct look, for checkers: outside of every fault. Rows as objects. */
  look(sql: string, ...args: Bound[]): Record<string, unknown>[]
  /** Called before each statement that reads or writes, for those who read query plans. */
  onStatement: ((sql: string, args: readonly Bound[]) => void) | null
  /** Called right after anything may have been written, before anybody hears of it. */
  onWrite: (() => void) | null
}

/**
 * A libSQL client over one native database in memory: synchronous underneath, so that nothing but microtasks passes between the
 * call and its answer, and with the errors of a server: constraints under one code, SQLite's words in the message.
 */
export function memoryDatabase(native = new Database(':memory:')): MemoryDatabase {
  native.exec('PRAGMA foreign_keys = ON')
  const statements = new Map<string, { statement: Prepared; columns: string[] | null }>()
  const looks = new Map<string, Prepared>()
  const total = native.prepare<[]>('SELECT total_changes(), last_insert_rowid()').raw(true)
  let closed = false

  const prepare = (sql: string) => {
    const known = statements.get(sql)
    if (known) return known
    const statement = native.prepare<Bound[]>(sql)
    const made = { statement, columns: statement.reader ? statement.columns().map(c => c.name) : null }
    if (made.columns) statement.raw(true)
    statements.set(sql, made)
    return made
  }

  const counters = (): [changes: number, rowid: bigint] => {
    // Not `get`: it leaves the statement open, and an open statement keeps the transaction from its commit.
    const [row] = total.all()
    assert(Array.isArray(row), 'counters are a row')
    return [Number(row[0]), BigInt(row[1])]
  }

  const run = (statement: InStatement, more?: InArgs): ResultSet => {
    const sql = typeof statement === 'string' ? statement : statement.sql
    const args = boundOf(typeof statement === 'string' ? more : statement.args)
    memory.onStatement?.(sql, args)
    try {
      const { statement, columns } = prepare(sql)
      if (columns === null) {
        const { changes, lastInsertRowid } = statement.run(...args)
        return resultSet([], [], changes, BigInt(lastInsertRowid))
      }
      if (/^\s*(select|explain)/i.test(sql)) return resultSet(columns, arrays(statement.all(...args)), 0, 0n)
      const [before] = counters()
      const rows = arrays(statement.all(...args))
      const [after, rowid] = counters()
      return resultSet(columns, rows, after - before, rowid)
    } catch (error) {
      throw serverError(error)
    }
  }

  const unsupported = (): never => {
    throw new LibsqlError('not in this double', 'UNSUPPORTED')
  }

  const memory: MemoryDatabase = {
    get closed() {
      return closed
    },
    protocol: 'http',
    onStatement: null,
    onWrite: null,
    look: (sql, ...args) => {
      const statement = looks.get(sql) ?? native.prepare<Bound[]>(sql)
      looks.set(sql, statement)
      return statement.all(...args).map(row => ({ ...(row as Record<string, unknown>) }))
    },
    async execute(statement: InStatement, args?: InArgs) {
      const result = run(statement, args)
      if (result.rowsAffected > 0) memory.onWrite?.()
      return result
    },
    async batch(list: (InStatement | [string, InArgs?])[], mode: TransactionMode = 'deferred') {
      native.exec(mode === 'write' ? 'BEGIN IMMEDIATE' : 'BEGIN DEFERRED')
      const results: ResultSet[] = []
      for (const [index, entry] of list.entries()) {
        try {
          results.push(Array.isArray(entry) ? run(entry[0], entry[1]) : run(entry))
        } catch (error) {
          if (native.inTransaction) native.exec('ROLLBACK')
          assert(error instanceof LibsqlError, 'only the database refuses')
          throw new LibsqlBatchError(error.message.replace(`${error.code}: `, ''), index, error.code)
        }
      }
      native.exec('COMMIT')
      if (results.some(result => result.rowsAffected > 0)) memory.onWrite?.()
      return results
    },
    async executeMultiple(sql) {
      native.exec(sql)
    },
    migrate: async () => unsupported(),
    transaction: async () => unsupported(),
    sync: async () => unsupported(),
    reconnect: unsupported,
    close() {
      closed = true
      statements.clear()
      looks.clear()
      native.close()
    },
  }
  return memory
}

const arrays = (rows: readonly unknown[]): unknown[][] => rows.map(row => (Array.isArray(row) ? row : [row]))

function boundOf(args: InArgs | undefined): Bound[] {
  if (args === undefined) return []
  assert(Array.isArray(args), 'arguments by position')
  return args.map((value: unknown): Bound => {
    if (value === undefined || value === null) return null
    if (typeof value === 'boolean') return value ? 1 : 0
    if (value instanceof Date) return value.valueOf()
    if (value instanceof ArrayBuffer) return new Uint8Array(value)
    assert(
      typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint' || value instanceof Uint8Array,
      'a value that SQLite knows',
    )
    return value
  })
}

/** Rows by position and by name, as the web client gives them. */
function resultSet(columns: string[], rows: unknown[][], rowsAffected: number, rowid: bigint): ResultSet {
  const made = rows.map(values => {
    const row: Record<string | number, unknown> = {}
    for (const [i, value] of values.entries()) {
      const plain = value instanceof Uint8Array ? new Uint8Array(value).buffer : value
      Object.defineProperty(row, i, { value: plain, enumerable: false })
      const name = columns[i]
      if (name !== undefined && !Object.hasOwn(row, name)) Object.defineProperty(row, name, { value: plain, enumerable: true })
    }
    Object.defineProperty(row, 'length', { value: values.length, enumerable: false })
    return row as Record<string, Value> as Row
  })
  return {
    columns,
    columnTypes: columns.map(() => ''),
    rows: made,
    rowsAffected,
    lastInsertRowid: rowid,
    toJSON: () => ({ columns, rows, rowsAffected, lastInsertRowid: String(rowid) }),
  }
}

/** As a server says it (measured): every constraint under one code, the words kept. */
function serverError(error: unknown): LibsqlError {
  if (error instanceof LibsqlError) return error
  const message = error instanceof Error ? error.message : String(error)
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'SQLITE_UNKNOWN'
  return new LibsqlError(`SQLite error: ${message}`, code.startsWith('SQLITE_CONSTRAINT') ? 'SQLITE_CONSTRAINT' : code)
}
