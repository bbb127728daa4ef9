import { expect, test } from 'vitest'
import { memoryDatabase } from '../../../test/simulation/world/client.ts'
import { readsOfOneTurn } from './one-turn.ts'

/** A database with three things, and how often it was asked. */
async function database() {
  const memory = memoryDatabase()
  await memory.batch(['CREATE TABLE thing (n INTEGER)', 'INSERT INTO thing VALUES (1), (2), (3)'], 'write')
  const asked: string[] = []
  const { execute, batch } = memory
  memory.execute = async (statement: Parameters<typeof execute>[0]) => {
    asked.push('execute')
    return execute.call(memory, statement)
  }
  memory.batch = async (statements, mode) => {
    asked.push(`batch of ${statements.length}`)
    return batch.call(memory, statements, mode)
  }
  return { reads: readsOfOneTurn(memory), asked }
}
const sql = (n: number) => ({ sql: 'SELECT n FROM thing WHERE n = ?', args: [n] })

test('reads of one turn go as one batch, each with its own answer', async () => {
  const { reads, asked } = await database()
  const later = async () => {
    await undefined
    return reads.execute(sql(3))
  }
  const [one, [two, again], three] = await Promise.all([reads.execute(sql(1)), reads.batch([sql(2), sql(1)]), later()])
  expect([one, two, again, three].map(result => result?.rows[0]?.n)).toEqual([1, 2, 1, 3])
  expect(asked).toEqual(['batch of 4'])
})

test('a read alone goes as it is, and one of a later turn on its own', async () => {
  const { reads, asked } = await database()
  expect((await reads.execute(sql(1))).rows).toHaveLength(1)
  expect((await reads.execute(sql(9))).rows).toHaveLength(0)
  expect(asked).toEqual(['execute', 'execute'])
})

test('one that cannot work refuses nobody else', async () => {
  const { reads } = await database()
  const [good, bad] = await Promise.allSettled([reads.execute(sql(1)), reads.execute('SELECT * FROM missing')])
  expect(good).toMatchObject({ status: 'fulfilled', value: { rows: [{ n: 1 }] } })
  expect(bad).toMatchObject({ status: 'rejected', reason: { message: expect.stringContaining('no such table') } })
})
