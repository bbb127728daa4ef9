import Database from 'libsql'
import { hranaLimits } from './limits.ts'
import type { Batch, Condition, SqlError, Statement, StatementResult } from './protocol.ts'
import { framesTransaction, hasSeveral, neverChanges, standsAlone } from './sql.ts'
import { decode, encode, type Native } from './value.ts'

/** A refusal of ours, before SQLite is asked. */
export class Refusal extends Error {
  readonly code: string
  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

/** As the real server says it: every constraint under one code, SQLite's own words kept. */
export function sqlError(reason: unknown): SqlError {
  const message = reason instanceof Error ? reason.message : String(reason)
  const code = reason instanceof Error && 'code' in reason && typeof reason.code === 'string' ? reason.code : 'UNKNOWN'
  if (code.startsWith('SQLITE_CONSTRAINT')) return { message: `SQLite error: ${message}`, code: 'SQLITE_CONSTRAINT' }
  return { message: code.startsWith('SQLITE') ? `SQLite error: ${message}` : message, code }
}

export const isBusy = (reason: unknown): boolean => sqlError(reason).code.startsWith('SQLITE_BUSY')

type Arguments = (Native | Record<string, Native>)[]

interface Prepared {
  readonly statement: Database.Statement<Arguments>
  /** Has it rows to give? */
  readonly reads: boolean
  readonly counts: boolean
  columns: StatementResult['cols']
}

export interface ConnectionOptions {
  /** Refuse every write: for the readers that run beside the writer. */
  readonly readOnly?: boolean
}

/**
 * One native connection. Everything here is synchronous, and nothing ever waits for a lock: a statement that meets another
 * stream's transaction throws SQLITE_BUSY at once, since waiting inside would stop the very thread that can end that transaction.
 */
export class Connection {
  readonly #database: Database.Database
  readonly #prepared = new Map<string, Prepared>()
  readonly #totals: Database.Statement<[]>
  readonly #changes: Database.Statement<[]>
  /** The statement that met SQLITE_BUSY and was not run again since. */
  #stuck: string | undefined

  constructor(file: string, options: ConnectionOptions = {}) {
    this.#database = new Database(file, { timeout: 0 })
    this.#pragma('busy_timeout = 0')
    this.#pragma('journal_mode = WAL')
    this.#pragma('synchronous = FULL')
    this.#pragma('foreign_keys = ON')
    if (options.readOnly) this.#pragma('query_only = ON')
    this.#totals = this.#database.prepare<[]>('SELECT total_changes()').raw(true)
    this.#changes = this.#database.prepare<[]>('SELECT changes(), last_insert_rowid()').raw(true).safeIntegers(true)
  }

  get inTransaction(): boolean {
    return this.#database.inTransaction
  }

  /**
   * True after a statement met a lock and was given up. The native library does not reset such a statement, and while it hangs
   * SQLite commits nothing on this connection, silently: it may only be rolled back and closed.
   */
  get stuck(): boolean {
    return this.#stuck !== undefined
  }

  execute(sql: string, statement: Pick<Statement, 'args' | 'named_args' | 'want_rows'>): StatementResult {
    if (framesTransaction(sql)) {
      this.#refuseStuck(sql)
      if (hasSeveral(sql)) throw new Refusal('SQL_MANY_STATEMENTS', 'SQL string contains more than one statement')
      this.#database.exec(sql)
      return { cols: [], rows: [], affected_row_count: 0, last_insert_rowid: null }
    }
    if (this.inTransaction || neverChanges(sql) || standsAlone(sql)) return this.#execute(sql, statement)

    // A write on its own: its lock is taken by a statement that can be given up without harm.
    this.#database.exec('BEGIN IMMEDIATE')
    try {
      const result = this.#execute(sql, statement)
      this.#database.exec('COMMIT')
      return result
    } catch (reason) {
      this.rollback()
      throw reason
    }
  }

  columns(sql: string): StatementResult['cols'] {
    return this.#prepare(sql).columns
  }

  reads(sql: string): boolean {
    return this.#prepare(sql).reads && neverChanges(sql)
  }

  /** Several statements, as migrations are written. */
  sequence(sql: string): void {
    this.#refuseStuck(sql)
    if (!this.inTransaction) {
      // Is the lock free? Nobody of this process can take it between here and the end, so no half of a sequence runs twice.
      this.#database.exec('BEGIN IMMEDIATE')
      this.#database.exec('ROLLBACK')
    }
    this.#database.exec(sql)
  }

  rollback(): void {
    if (this.inTransaction) this.#database.exec('ROLLBACK')
  }

  close(): void {
    this.#prepared.clear()
    this.#database.close()
  }

  /** Through a statement, since `PRAGMA journal_mode` answers a row, which the plain execution of several refuses. */
  #pragma(text: string): void {
    this.#database.prepare(`PRAGMA ${text}`).all()
  }

  #execute(sql: string, { args, named_args, want_rows }: Pick<Statement, 'args' | 'named_args' | 'want_rows'>): StatementResult {
    this.#refuseStuck(sql)
    const prepared = this.#prepare(sql)
    const bound: Arguments = named_args.length > 0 ? [named(named_args)] : args.map(decode)
    try {
      const result = prepared.reads ? this.#rows(prepared, bound, want_rows) : this.#run(prepared, bound)
      this.#stuck = undefined
      return result
    } catch (reason) {
      this.#stuck = isBusy(reason) ? sql : undefined
      throw reason
    }
  }

  /** The same statement may be run again, which resets it; no other. */
  #refuseStuck(sql: string): void {
    if (this.#stuck === undefined || this.#stuck === sql || /^\s*rollback\b/i.test(sql)) return
    throw new Refusal('SQLITE_BUSY', 'database is locked; roll back')
  }

  #run({ statement }: Prepared, bound: Arguments): StatementResult {
    const { changes, lastInsertRowid } = statement.run(...bound)
    return { cols: [], rows: [], affected_row_count: changes, last_insert_rowid: String(lastInsertRowid) }
  }

  #prepare(sql: string): Prepared {
    const known = this.#prepared.get(sql)
    if (known) return known
    if (hasSeveral(sql)) throw new Refusal('SQL_MANY_STATEMENTS', 'SQL string contains more than one statement')
    const statement = this.#database.prepare<Arguments>(sql)
    const reads = statement.reader
    if (reads) statement.raw(true)
    statement.safeIntegers(true)
    const prepared = { statement, reads, counts: reads && !neverChanges(sql), columns: reads ? columnsOf(statement) : [] }
    if (this.#prepared.size >= hranaLimits.statements && !this.stuck) this.#prepared.clear()
    this.#prepared.set(sql, prepared)
    return prepared
  }

  #rows(prepared: Prepared, bound: Arguments, wanted: boolean): StatementResult {
    const before = prepared.counts ? this.#total() : 0
    const rows = prepared.statement.all(...bound).map(row => (Array.isArray(row) ? row.map(encode) : [encode(row)]))
    // A prepared `SELECT *` outlives the migration that added a column; SQLite prepares it anew, its column list is ours.
    if (rows[0] && rows[0].length !== prepared.columns.length) prepared.columns = columnsOf(prepared.statement)
    const changed = prepared.counts && this.#total() !== before
    const [count, rowid] = changed ? this.#counted() : [0, null]
    return { cols: prepared.columns, rows: wanted ? rows : [], affected_row_count: count, last_insert_rowid: rowid }
  }

  #total(): number {
    const row = this.#totals.get()
    return Array.isArray(row) ? Number(row[0]) : 0
  }

  #counted(): [count: number, rowid: string | null] {
    const row = this.#changes.get()
    return Array.isArray(row) ? [Number(row[0]), String(row[1])] : [0, null]
  }
}

const columnsOf = (statement: Database.Statement<Arguments>) =>
  statement.columns().map(({ name, type }) => ({ name, decltype: type ?? null }))

const named = (args: Statement['named_args']): Record<string, Native> =>
  Object.fromEntries(args.map(({ name, value }) => [name.replace(/^[:@$]/, ''), decode(value)]))

/** Whether a step of a batch is to run, by the steps before it. */
export function holds(
  condition: Batch['steps'][number]['condition'],
  results: readonly unknown[],
  errors: readonly unknown[],
  connection: Connection,
): boolean {
  const test = (c: Condition): boolean => {
    if (c.type === 'ok') return (results[c.step] ?? null) !== null
    if (c.type === 'error') return (errors[c.step] ?? null) !== null
    if (c.type === 'not') return !test(c.cond)
    if (c.type === 'and') return c.conds.every(test)
    if (c.type === 'or') return c.conds.some(test)
    return !connection.inTransaction
  }
  return condition ? test(condition) : true
}
