import type { Client, InStatement, ResultSet } from '@libsql/client/web'
import { assert } from '@sirocco/shared/kit/assert.ts'

interface Asked {
  readonly statements: readonly InStatement[]
  readonly answer: (results: readonly ResultSet[]) => void
  readonly alone: () => void
}

/** Reads that are begun in one turn of the event loop reach the client within so many microtasks of each other. */
const microtasks = 8

/**
 * The same client for reads: those that are asked for in one turn go as one batch, which is one way to the database and back, and one
 * snapshot. Where the batch is refused each goes on its own, so that none answers for another.
 */
export function readsOfOneTurn(client: Client): Client {
  let open: Asked[] | null = null

  async function flush(asked: readonly Asked[]): Promise<void> {
    for (let i = 0; i < microtasks; i++) await undefined
    open = null
    const [only, ...others] = asked
    if (only && others.length === 0) return only.alone()
    try {
      const results = await client.batch(
        asked.flatMap(each => each.statements),
        'deferred',
      )
      let from = 0
      for (const { statements, answer } of asked) {
        answer(results.slice(from, from + statements.length))
        from += statements.length
      }
    } catch {
      for (const each of asked) each.alone()
    }
  }

  function ask<T>(
    statements: readonly InStatement[],
    of: (results: readonly ResultSet[]) => T,
    alone: () => Promise<T>,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const asked: Asked = {
        statements,
        answer: results => resolve(of(results)),
        alone: () => alone().then(resolve, reject),
      }
      if (open) open.push(asked)
      else {
        open = [asked]
        void flush(open)
      }
    })
  }

  const execute = (statement: InStatement): Promise<ResultSet> =>
    ask(
      [statement],
      ([result]) => {
        assert(result, 'an answer to each statement')
        return result
      },
      () => client.execute(statement),
    )
  const batch = (statements: InStatement[]): Promise<ResultSet[]> =>
    ask(
      statements,
      results => [...results],
      () => client.batch(statements, 'deferred'),
    )
  return new Proxy(client, {
    get(target, key) {
      if (key === 'execute') return execute
      return key === 'batch' ? batch : Reflect.get(target, key)
    },
  })
}
