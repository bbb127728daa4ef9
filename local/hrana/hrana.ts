import { randomUUID } from 'node:crypto'
import { closeSync, openSync } from 'node:fs'
import { Connection, type ConnectionOptions, holds, isBusy, Refusal, sqlError } from './connection.ts'
import { hranaLimits } from './limits.ts'
import { type Batch, Pipeline, type Request, type SqlError, type StatementResult } from './protocol.ts'

export interface Answer {
  readonly status: number
  /** JSON. */
  readonly body: string
}

/** A database server without its transport: a pipeline in, its answer out. Never throws, never answers twice. */
export interface Hrana {
  pipeline(body: string): Promise<Answer>
  /** Rolls back what is open and closes the file. Pipelines that come later are refused. */
  close(): Promise<void>
}

export interface HranaOptions extends ConnectionOptions {
  /** Told apart by the first letters of a baton: which of several servers of one file holds the stream. */
  readonly batonPrefix?: string
  readonly limits?: Partial<Record<keyof typeof hranaLimits, number>>
}

interface Stream {
  readonly connection: Connection
  readonly texts: Map<number, string>
  closed: boolean
  expiry: NodeJS.Timeout | undefined
}

/**
 * Serves one libSQL file to `@libsql/client/web`, in this thread. One pipeline's statements run without a gap between them
 * unless they have to wait for another stream's transaction, so that a batch is never interleaved with another.
 */
export function createHrana(file: string, options: HranaOptions = {}): Hrana {
  const limits = { ...hranaLimits, ...options.limits }
  // Made by SQLite it would be as open as the umask lets it; its journal takes its mode.
  if (!options.readOnly) closeSync(openSync(file, 'a', 0o600))
  const idle: Connection[] = []
  const streams = new Map<string, Stream>()
  let busy = 0
  let closed = false
  let waiting: (() => void)[] = []

  const wake = () => {
    const woken = waiting
    waiting = []
    for (const run of woken) run()
  }

  const pause = (ms: number) =>
    new Promise<void>(resolve => {
      const timer = setTimeout(resolve, ms)
      waiting.push(() => {
        clearTimeout(timer)
        resolve()
      })
    })

  const release = (connection: Connection) => {
    busy -= 1
    try {
      connection.rollback()
      if (closed || connection.stuck || idle.length >= limits.idle) connection.close()
      else idle.push(connection)
    } finally {
      wake()
    }
  }

  async function take(): Promise<Connection | undefined> {
    const until = performance.now() + limits.busy
    while (busy >= limits.connections) {
      if (performance.now() >= until || closed) return undefined
      await pause(limits.busyPause)
    }
    const connection = idle.pop() ?? new Connection(file, options)
    busy += 1
    return connection
  }

  /** Runs at once where it can; else waits, in the order of asking, until the writer that is in the way has ended. */
  async function unlocked<T>(connection: Connection, run: () => T): Promise<T> {
    const until = performance.now() + limits.busy
    for (;;) {
      try {
        return run()
      } catch (reason) {
        // Within a transaction waiting cannot help: its snapshot is older than the other's commit.
        if (!isBusy(reason) || connection.inTransaction || performance.now() >= until) throw reason
      }
      await pause(limits.busyPause)
    }
  }

  async function batch({ connection, texts }: Stream, { steps }: Batch) {
    const results: (StatementResult | null)[] = steps.map(() => null)
    const errors: (SqlError | null)[] = steps.map(() => null)
    for (const [at, { condition, stmt }] of steps.entries()) {
      if (!holds(condition, results, errors, connection)) continue
      const run = () => connection.execute(textOf(stmt, texts), stmt)
      try {
        results[at] = connection.inTransaction ? run() : await unlocked(connection, run)
      } catch (reason) {
        errors[at] = sqlError(reason)
      }
    }
    return { step_results: results, step_errors: errors }
  }

  const answers = {
    execute: async ({ connection, texts }, { stmt }) => ({
      result: await unlocked(connection, () => connection.execute(textOf(stmt, texts), stmt)),
    }),
    batch: async (stream, { batch: asked }) => ({ result: await batch(stream, asked) }),
    sequence: async ({ connection, texts }, request) => {
      await unlocked(connection, () => connection.sequence(textOf(request, texts)))
      return {}
    },
    describe: async ({ connection, texts }, request) => {
      const sql = textOf(request, texts)
      const is_readonly = connection.reads(sql)
      return { result: { params: [], cols: connection.columns(sql), is_explain: /^\s*explain\b/i.test(sql), is_readonly } }
    },
    store_sql: async ({ texts }, { sql_id, sql }) => {
      texts.set(sql_id, sql)
      return {}
    },
    close_sql: async ({ texts }, { sql_id }) => {
      texts.delete(sql_id)
      return {}
    },
    get_autocommit: async ({ connection }) => ({ is_autocommit: !connection.inTransaction }),
    close: async stream => {
      stream.closed = true
      return {}
    },
  } satisfies { [T in Request['type']]: (stream: Stream, request: Extract<Request, { type: T }>) => Promise<object> }

  async function one(stream: Stream, request: Request): Promise<object> {
    // The table is exhaustive by type; TypeScript cannot relate the two unions by itself.
    const answer: (stream: Stream, request: never) => Promise<object> = answers[request.type]
    try {
      return { type: 'ok', response: { type: request.type, ...(await answer(stream, request as never)) } }
    } catch (reason) {
      return { type: 'error', error: sqlError(reason) }
    }
  }

  function keep(stream: Stream): string {
    const baton = `${options.batonPrefix ?? ''}${randomUUID()}`
    streams.set(baton, stream)
    stream.expiry = setTimeout(() => {
      streams.delete(baton)
      release(stream.connection)
    }, limits.baton)
    stream.expiry.unref()
    return baton
  }

  async function resume(baton: string | null | undefined): Promise<Stream | Answer> {
    if (baton) {
      const stream = streams.get(baton)
      if (!stream) return problem(400, 'STREAM_EXPIRED', 'the stream has expired, its transaction was rolled back')
      streams.delete(baton)
      clearTimeout(stream.expiry)
      return stream
    }
    const connection = await take()
    if (!connection) return problem(503, 'BUSY', 'too many open streams')
    return { connection, texts: new Map(), closed: false, expiry: undefined }
  }

  return {
    async pipeline(body) {
      const parsed = parse(body)
      if (!parsed) return problem(400, 'PROTOCOL', 'no Hrana pipeline')
      if (closed) return problem(503, 'CLOSED', 'the database is closed')
      try {
        const stream = await resume(parsed.baton)
        if ('status' in stream) return stream

        const results: object[] = []
        for (const request of parsed.requests) results.push(await one(stream, request))

        if (!stream.connection.inTransaction) wake()
        const baton = stream.closed || closed ? null : keep(stream)
        if (baton === null) release(stream.connection)
        return { status: 200, body: JSON.stringify({ baton, base_url: null, results }) }
      } catch (reason) {
        return problem(500, 'INTERNAL', sqlError(reason).message)
      }
    },

    async close() {
      if (closed) return
      closed = true
      for (const { connection, expiry } of streams.values()) {
        clearTimeout(expiry)
        release(connection)
      }
      streams.clear()
      wake()
      for (const connection of idle.splice(0)) connection.close()
    },
  }
}

const problem = (status: number, code: string, message: string): Answer => ({ status, body: JSON.stringify({ message, code }) })

function parse(body: string): Pipeline | undefined {
  try {
    const parsed = Pipeline.safeParse(JSON.parse(body))
    return parsed.success ? parsed.data : undefined
  } catch {
    return undefined
  }
}

function textOf({ sql, sql_id }: { sql?: string | undefined; sql_id?: number | undefined }, texts: Map<number, string>): string {
  const text = sql ?? (sql_id === undefined ? undefined : texts.get(sql_id))
  if (text === undefined) throw new Refusal('SQL_STORE_NOT_FOUND', 'there is no SQL text of that id')
  return text
}
