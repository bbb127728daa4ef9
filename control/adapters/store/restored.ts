import type { Client } from '@libsql/client/web'
import { hex, type Random } from '@sirocco/shared/kit/random.ts'
import { getTableConfig, SQLiteTable } from 'drizzle-orm/sqlite-core'
import { forgottenKey } from './reads/events.ts'
import * as schema from './schema.ts'

/** More than there are intents of one subject, or events, between a backup and its restore. */
const ahead = 1_000_000

const tables = Object.values(schema).filter(value => value instanceof SQLiteTable)

/**
 * Every generation, wanted and seen, by the same step: agents take up only what is newer than what they were told last, and that may have been
 * told after the backup.
 */
const newer = tables.flatMap(table => {
  const { name, columns } = getTableConfig(table)
  return columns
    .filter(column => column.name === 'generation' || column.name === 'appliedGeneration')
    .map(column => `UPDATE "${name}" SET "${column.name}" = "${column.name}" + ${ahead}`)
})

/** What was seen on its host is not made anew there: it was deleted, or moved, after the backup. */
const kept = (noun: 'volume' | 'snapshot') =>
  `UPDATE ${noun} SET keptOn = (SELECT allocation.host FROM allocation
     JOIN ${noun}_observed ON ${noun}_observed.${noun} = allocation.consumer AND ${noun}_observed.here = 1
     WHERE allocation.consumer = ${noun}.id AND allocation.until IS NULL AND allocation.host = ${noun}_observed.host)`

/**
 * Makes a copy of the data, of this version, the data of an instance that goes on from there: in one batch, before anything is served from it.
 * It is another incarnation; its word is newer than any that was said after the copy was made; and who was let in for a while then is not now.
 */
export async function renew(client: Client, { random, now }: { random: Random; now: number }): Promise<void> {
  await client.batch(
    [
      { sql: "UPDATE meta SET value = ? WHERE key = 'incarnation'", args: [hex(random, 32)] },
      ...newer,
      kept('volume'),
      kept('snapshot'),
      `UPDATE sqlite_sequence SET seq = seq + ${ahead} WHERE name = 'event'`,
      // A cursor from after the backup would otherwise pass for one of today.
      {
        sql: `INSERT INTO meta (key, value) SELECT ?, seq FROM sqlite_sequence WHERE name = 'event'
          ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
        args: [forgottenKey],
      },
      'DELETE FROM session',
      'DELETE FROM enrolment WHERE usedBy IS NULL',
      { sql: 'UPDATE agent SET silentSince = ? WHERE silentSince IS NULL AND removedAt IS NULL', args: [now] },
    ],
    'write',
  )
}
