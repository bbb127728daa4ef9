import { eq, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/libsql/web'
import { expect, test } from 'vitest'
import { memoryDatabase } from '../../../test/simulation/world/client.ts'
import { insertRows, putNewer, updateRows } from './insert-rows.ts'
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

test('rows are changed as the query builder changes them: what is undefined stays', async () => {
  const [ours, theirs] = [memoryDatabase(), memoryDatabase()]
  for (const client of [ours, theirs]) {
    await migrate(client)
    await client.batch([insertRows(s.event, events), insertRows(s.image, [image])], 'write')
  }
  const values = {
    name: undefined,
    description: "it's",
    minDiskMiB: sql`${s.image.minDiskMiB} + ${2}`,
    files: [{ a: 1 }] as never,
  }
  await ours.batch([updateRows(s.image, values, { sql: 'id = ?', args: ['img_1'] })], 'write')
  await drizzle(theirs).update(s.image).set(values).where(eq(s.image.id, 'img_1'))
  const rows = theirs.look('SELECT * FROM image')
  expect(rows).toMatchObject([{ name: 'tiny', description: "it's", minDiskMiB: 3, files: '[{"a":1}]' }])
  expect(ours.look('SELECT * FROM image')).toEqual(rows)
})

test('a row takes the place of an older one only, and leaves what it does not say', async () => {
  const client = memoryDatabase()
  await migrate(client)
  await client.execute('PRAGMA foreign_keys = OFF')
  const seen = {
    volume: 'vol_1',
    host: null,
    epoch: 2,
    seq: 5,
    appliedGeneration: 1,
    here: true,
    sizeMiB: 1,
    digest: 'd',
    at: 1,
  } as const
  const put = (row: Partial<typeof s.volumeObserved.$inferInsert>) =>
    client.execute(
      putNewer(s.volumeObserved, s.volumeObserved.volume, { ...seen, ...row } as typeof s.volumeObserved.$inferInsert),
    )
  const now = () => client.look('SELECT epoch, seq, digest, machine FROM volume_observed')
  await put({ machine: 'vm_1' })
  for (const older of [
    { epoch: 1, seq: 9 },
    { epoch: 2, seq: 5 },
    { epoch: 2, seq: 4 },
  ])
    expect((await put({ ...older, digest: 'older' })).rowsAffected).toBe(0)
  expect(now()).toEqual([{ epoch: 2, seq: 5, digest: 'd', machine: 'vm_1' }])
  for (const newer of [
    { epoch: 2, seq: 6 },
    { epoch: 3, seq: 0 },
  ]) {
    expect((await put({ ...newer, digest: 'newer' })).rowsAffected).toBe(1)
    expect(now()).toEqual([{ ...newer, digest: 'newer', machine: 'vm_1' }])
  }
})
