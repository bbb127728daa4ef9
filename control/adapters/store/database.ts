import { type Client, type InStatement, LibsqlBatchError, LibsqlError } from '@libsql/client/web'
import type { Clock } from '@sirocco/shared/kit/clock.ts'
import { type FaultCode, ok, type Refused, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Ids } from '@sirocco/shared/kit/id.ts'
import { drizzle } from 'drizzle-orm/libsql/web'

export type Database = ReturnType<typeof open>
export type { Client }

export interface DatabaseParts {
  readonly client: Client
  readonly clock: Clock
  readonly ids: Ids
  /** Waits; between tries to settle a batch whose answer was lost. */
  readonly pause: (ms: number) => Promise<void>
}

/** The database under the store: typed reads, and writes that land wholly, once, or not at all. */
export function open({ client, clock, ids, pause }: DatabaseParts) {
  const db = drizzle(client)
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
     * that is refused when the batch landed, and when it succeeds the batch can never land any more.
     */
    async write(statements: readonly InStatement[]): Promise<Result<void>> {
      const id = ids.make('commit')
      const mark: InStatement = { sql: 'INSERT INTO commits (id, at) VALUES (?, ?)', args: [id, clock.now()] }
      try {
        await client.batch([mark, ...statements], 'write')
        return ok(undefined)
      } catch (error) {
        if (isAnswer(error)) return refusalOf(error)
        return settle(mark, error)
      }
    },
  }

  async function settle(mark: InStatement, lost: unknown): Promise<Result<void>> {
    for (let tries = 0; tries < settleTries; tries++) {
      if (tries > 0) await pause(settlePause * 2 ** tries)
      try {
        await client.batch([mark], 'write')
        return refusalOf(lost)
      } catch (error) {
        if (isAnswer(error) && messageOf(error).includes('UNIQUE constraint failed: commits.id')) return ok(undefined)
      }
    }
    return refuse('unavailable', 'the database does not answer; try again in a moment', {
      detail: `unsettled: ${messageOf(lost)}`,
    })
  }
}

const settleTries = 6
/** Milliseconds before the second try, doubling. */
const settlePause = 25

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
  [/CHECK constraint failed: quota/, 'quota', 'this would exceed the quota of the project'],
  [/CHECK constraint failed: conflict/, 'conflict', 'it was used or taken meanwhile'],
  [/UNIQUE constraint failed/, 'conflict', 'it was taken meanwhile; try again'],
]

function refusalOf(error: unknown): Refused {
  const message = messageOf(error)
  for (const [pattern, code, words] of guards) if (pattern.test(message)) return refuse(code, words, { detail: message })
  if (/\b429\b/.test(message)) return refuse('throttled', 'too many requests; try again in a moment', { detail: message })
  if (isAnswer(error) && !/BUSY|LOCKED/.test(message)) throw error
  return refuse('unavailable', 'the database does not answer; try again in a moment', { detail: message })
}
