import { drizzle } from 'drizzle-orm/libsql/web'
import { expect, test } from 'vitest'
import { memoryDatabase } from '../../../test/simulation/world/client.ts'
import { insertRows } from './insert-rows.ts'
import { migrate } from './migrate.ts'
import * as s from './schema.ts'

const events = [
  { id: 'evt_1', project: 'prj_1', type: 't', subject: 'vm_1', data: { a: ['"', 1] }, at: 1 },
  { id: 'evt_2', project: null, type: "it's", subject: 'vm_2', data: {}, at: 2 },
] as const
/** Without what has a default, and what may be missing. */
const image = {
  id: 'img_1',
  alias: 'ami-1',
  name: 'tiny',
  description: '',
  architecture: 'x86_64',
  minDiskMiB: 1,
  files: [],
  createdAt: 1,
} as const

test('rows are the same as those of the query builder, defaults and what is missing with them', async () => {
  const [ours, theirs] = [memoryDatabase(), memoryDatabase()]
  for (const client of [ours, theirs]) await migrate(client)
  await ours.batch([insertRows(s.event, events), insertRows(s.image, [image])], 'write')
  const db = drizzle(theirs)
  await db.insert(s.event).values([...events])
  await db.insert(s.image).values(image)
  for (const table of ['event', 'image']) {
    const rows = theirs.look(`SELECT * FROM ${table}`)
    expect(rows.length).toBeGreaterThan(0)
    expect(ours.look(`SELECT * FROM ${table}`)).toEqual(rows)
  }
})
