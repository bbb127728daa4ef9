import { type Client, type InStatement, LibsqlBatchError, LibsqlError } from '@libsql/client/web'
import type { Clock } from '@sirocco/shared/kit/clock.ts'
import { type FaultCode, ok, type Refused, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Ids } from '@sirocco/shared/kit/id.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { say } from '@sirocco/shared/model/messages.ts'
import { quotaResources } from '@sirocco/shared/model/quota.ts'
import { DrizzleQueryError } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/libsql/web'
import { readsOfOneTurn } from './one-turn.ts'
import { keepSelections } from './selections.ts'

export type Database = ReturnType<typeof open>
export type { Client }

export interface DatabaseParts {
  readonly client: Client
  readonly clock: Clock
  readonly ids: Ids
  /** Waits; between tries to settle a batch whose answer was lost. */
  readonly pause: (ms: number) => Promise<void>
  /** Told of each batch what became of it. */
  readonly written?: (outcome: 'landed' | FaultCode) => void
}

/** The database under the store: typed reads, and writes that land wholly, once, or not at all. */
export function open({ client, clock, ids, pause, written = () => {} }: DatabaseParts) {
  const db = keepSelections(drizzle(readsOfOneTurn(client)))
  return {
    db,
    clock,
    ids,

    /** Runs `reads`; a database that does not answer is a refusal. */
    async read<T>(reads: () => Promise<T>): Promise<Result<T>> {
      try {
        return ok(await reads())
      } catch (error) {
        return refusalOf(error)
      }
    },

    /**
     * One atomic batch (BEGIN IMMEDIATE). Where the answer is lost, the batch is settled: its id is inserted once more, on its own;
     * when that succeeds the batch can never land any more, and when it is refused the row tells who came first: the batch, or a
     * settling whose answer was lost as well. Answers how many rows changed; 0 where that was never told.
     */
    async write(statements: readonly InStatement[]): Promise<Result<number>> {
      const result = await batch(statements)
      written(result.ok ? 'landed' : result.fault.code)
      return result
    },
  }

  async function batch(statements: readonly InStatement[]): Promise<Result<number>> {
    const id = ids.make('commit')
    try {
      const [, ...results] = await client.batch([mark(id, true), ...statements], 'write')
      return ok(results.reduce((sum, result) => sum + result.rowsAffected, 0))
    } catch (error) {
      if (isAnswer(error)) return refusalOf(error)
      return settle(id, error)
    }
  }

  function mark(id: string, landed: boolean): InStatement {
    return { sql: 'INSERT INTO commits (id, at, landed) VALUES (?, ?, ?)', args: [id, clock.now(), landed ? 1 : 0] }
  }

  async function settle(id: string, lost: unknown): Promise<Result<number>> {
    for (let tries = 0; tries < limits.settleTries; tries++) {
      if (tries > 0) await pause(limits.settlePause * 2 ** tries)
      try {
        await client.batch([mark(id, false)], 'write')
        return refusalOf(lost)
      } catch (error) {
        if (!isAnswer(error) || !messageOf(error).includes('UNIQUE constraint failed: commits.id')) continue
      }
      try {
        const { rows } = await client.execute({ sql: 'SELECT landed FROM commits WHERE id = ?', args: [id] })
        const [row] = rows
        if (row) return row[0] ? ok(0) : refusalOf(lost)
      } catch {
        // Asked again by the next try.
      }
    }
    return refuse('unavailable', 'the database does not answer; try again in a moment', {
      detail: `unsettled: ${messageOf(lost)}`,
    })
  }
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))

/** Did the database itself say no? Anything else leaves it open whether the batch landed. */
const isAnswer = (error: unknown): boolean =>
  (error instanceof LibsqlBatchError || error instanceof LibsqlError) &&
  /^SQLITE_|^SQL_/.test(error.code) &&
  !error.code.startsWith('SQLITE_IOERR')

/** A constraint's name, as SQLite says it, and the Fault that it means. */
const guards: readonly (readonly [RegExp, FaultCode, string])[] = [
  [/CHECK constraint failed: stale/, 'stale', 'it changed meanwhile; look again and retry'],
  [/CHECK constraint failed: capacity/, 'capacity', 'no host has room for this'],
  [/CHECK constraint failed: quota/, 'quota', 'this would exceed a limit; remove something first'],
  [/CHECK constraint failed: conflict/, 'conflict', 'it was used or taken meanwhile'],
  [/UNIQUE constraint failed/, 'conflict', 'it was taken meanwhile; try again'],
]

function refusalOf(thrown: unknown): Refused {
  // Drizzle's own message repeats the parameters, which are somebody's: only what the database said goes on.
  const error = thrown instanceof DrizzleQueryError ? (thrown.cause ?? new Error('a query failed')) : thrown
  const message = messageOf(error)
  const limit = quotaResources.find(resource => message.includes(`CHECK constraint failed: quota_${resource}`))
  if (limit) return refuse('quota', say(`quota.${limit}`), { detail: message })
  for (const [pattern, code, words] of guards) if (pattern.test(message)) return refuse(code, words, { detail: message })
  if (/\b429\b/.test(message)) return refuse('throttled', 'too many requests; try again in a moment', { detail: message })
  if (isAnswer(error) && !/BUSY|LOCKED/.test(message)) throw error
  return refuse('unavailable', 'the database does not answer; try again in a moment', { detail: message })
}
