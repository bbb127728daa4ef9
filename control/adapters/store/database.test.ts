import type { Client } from '@libsql/client/web'
import { LibsqlError } from '@libsql/client/web'
import { ids } from '@sirocco/shared/kit/id.ts'
import { seeded } from '@sirocco/shared/kit/random.ts'
import { eq } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { memoryDatabase } from '../../../test/simulation/world/client.ts'
import { open } from './database.ts'
import * as s from './schema.ts'

const clock = { now: () => 1_800_000_000_000 }
const over = (client: Client) => open({ client, clock, ids: ids(clock, seeded(1)), pause: async () => {} })
const session = (database: ReturnType<typeof over>) =>
  database.read(() => database.db.select().from(s.session).where(eq(s.session.tokenHash, 'somebody-s-token')))

test('a read that fails says what the database said, and nothing of what it was asked with', async () => {
  const away: Client = {
    ...memoryDatabase(),
    execute: () => Promise.reject(new LibsqlError('the server is away', 'SERVER_ERROR')),
  }
  const read = await session(over(away))
  expect(read).toMatchObject({ fault: { code: 'unavailable', detail: expect.stringContaining('the server is away') } })
  expect(JSON.stringify(read)).not.toContain('somebody-s-token')
})

test('a read that can never work throws, and names the database as its cause', async () => {
  const empty = memoryDatabase()
  await expect(session(over(empty))).rejects.toThrow('no such table')
  await expect(session(over(empty))).rejects.not.toThrow('somebody-s-token')
})
