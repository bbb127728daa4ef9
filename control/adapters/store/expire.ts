import { ok, type Result } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { type SQL, sql } from 'drizzle-orm'
import type { Database } from './database.ts'
import { forgottenKey } from './reads/events.ts'
import { statement } from './write.ts'

/** Drops what is past its keeping, of each table a page, in one batch; where nothing is, nothing is written. Answers how many rows went. */
export async function expire(database: Database): Promise<Result<number>> {
  const now = database.clock.now()
  const page = sql`LIMIT ${limits.reconcilePage}`
  const before = (keep: number) => sql`${now - keep}`

  const oldEvents = sql`SELECT seq FROM event WHERE at < ${before(limits.eventRetention)} ORDER BY at ${page}`
  const gone = (table: string) =>
    sql`SELECT id FROM ${sql.identifier(table)} WHERE ${sql.identifier('goneAt')} < ${before(limits.goneVisible)} ORDER BY ${sql.identifier('goneAt')} ${page}`
  const forgotten = gone('machine')
  const volumes = gone('volume')
  const snapshots = gone('snapshot')
  // Until all that was stored of it is removed, its row says that there may be something.
  const backups = sql`SELECT id FROM backup WHERE ${sql.identifier('goneAt')} < ${before(limits.goneVisible)} AND ${sql.identifier('sweptAt')} IS NOT NULL
    ORDER BY ${sql.identifier('goneAt')} ${page}`
  /** Theirs, but for what is stuck: that waits for an admin. */
  const operationsOf = (subjects: SQL) => sql`SELECT id FROM operation WHERE subject IN (${subjects}) AND state <> 'stuck'`
  const moves = sql`SELECT id FROM migration WHERE machine IN (${forgotten})`
  const operations = sql`SELECT id FROM operation WHERE (subject IN (${forgotten}) OR subject IN (${moves})) AND state <> 'stuck'`
  const dropsOf = (table: 'volume' | 'snapshot' | 'backup', subjects: SQL): SQL[] => [
    sql`DELETE FROM ${sql.identifier(`${table}_observed`)} WHERE ${sql.identifier(table)} IN (${subjects})`,
    sql`DELETE FROM tag WHERE resource IN (${subjects})`,
    sql`DELETE FROM operation_log WHERE operation IN (${operationsOf(subjects)})`,
    sql`DELETE FROM operation WHERE id IN (${operationsOf(subjects)})`,
    sql`DELETE FROM allocation WHERE consumer IN (${subjects}) AND until IS NOT NULL`,
    // Last: it is by these rows that the ones above are found.
    sql`DELETE FROM ${sql.identifier(table)} WHERE id IN (${subjects})`,
  ]
  const rowsOf = (table: string, column: string, limit: SQL) =>
    sql`SELECT rowid FROM ${sql.identifier(table)} WHERE ${sql.identifier(column)} < ${limit} ${page}`
  const old = {
    commits: rowsOf('commits', 'at', before(limits.tokenRetention)),
    token: rowsOf('token', 'at', before(limits.tokenRetention)),
    // A result comes within the deadline of its command, or as late as its agent comes back.
    command: rowsOf('command', 'at', before(limits.eventRetention)),
    sample_history: rowsOf('sample_history', 'at', before(limits.sampleRetention)),
    session: rowsOf('session', 'expiresAt', before(0)),
    invitation: rowsOf('invitation', 'expiresAt', before(0)),
    sign_in_try: rowsOf('sign_in_try', 'at', before(limits.signInMemory)),
    challenge: rowsOf('challenge', 'expiresAt', before(0)),
    usage: rowsOf('usage', 'hour', before(limits.usageRetention)),
    webhook_delivery: rowsOf('webhook_delivery', 'at', before(limits.eventRetention)),
  }

  /** Hours whose day is long over. */
  const unfolded = sql`SELECT rowid FROM usage WHERE hour % 86400000 <> 0 AND hour < ${dayOf(now - limits.usageHours)} ORDER BY hour ${page}`

  const due = await database.read(() =>
    database.db.all<{ due: number }>(
      sql`SELECT ${sql.join(
        [oldEvents, forgotten, volumes, snapshots, backups, unfolded, ...Object.values(old)].map(
          rows => sql`EXISTS (SELECT 1 FROM (${rows}))`,
        ),
        sql` OR `,
      )} AS due`,
    ),
  )
  if (!due.ok) return due
  if (!due.value[0]?.due) return ok(0)

  const drops: readonly SQL[] = [
    sql`INSERT INTO meta (key, value) SELECT ${forgottenKey}, max(seq) FROM (${oldEvents}) WHERE true HAVING max(seq) IS NOT NULL
      ON CONFLICT (key) DO UPDATE SET value = max(CAST(value AS INTEGER), CAST(excluded.value AS INTEGER))`,
    sql`DELETE FROM event WHERE seq IN (${oldEvents})`,
    sql`INSERT INTO usage (project, hour, kind, what, resource, amount)
      SELECT project, hour - hour % 86400000, kind, what, resource, sum(amount) FROM usage WHERE rowid IN (${unfolded}) GROUP BY 1, 2, 3, 4, 5
      ON CONFLICT (project, hour, kind, what, resource) DO UPDATE SET amount = amount + excluded.amount`,
    sql`DELETE FROM usage WHERE rowid IN (${unfolded})`,
    ...Object.entries(old).map(([table, rows]) => sql`DELETE FROM ${sql.identifier(table)} WHERE rowid IN (${rows})`),
    sql`DELETE FROM machine_observed WHERE machine IN (${forgotten})`,
    sql`DELETE FROM tag WHERE resource IN (${forgotten})`,
    sql`DELETE FROM port_group WHERE port IN (SELECT id FROM port WHERE machine IN (${forgotten}))`,
    sql`DELETE FROM port WHERE machine IN (${forgotten})`,
    sql`DELETE FROM operation_log WHERE operation IN (${operations})`,
    sql`DELETE FROM operation WHERE id IN (${operations})`,
    sql`DELETE FROM migration WHERE machine IN (${forgotten}) AND ${sql.identifier('endedAt')} IS NOT NULL`,
    sql`DELETE FROM maintenance_stop WHERE machine IN (${forgotten})`,
    sql`DELETE FROM allocation WHERE consumer IN (${forgotten}) AND until IS NOT NULL`,
    // Last: it is by these rows that the ones above are found.
    sql`DELETE FROM machine WHERE id IN (${forgotten})`,
    ...dropsOf('volume', volumes),
    ...dropsOf('snapshot', snapshots),
    ...dropsOf('backup', backups),
  ]
  return database.write(drops.map(statement))
}

const dayOf = (at: number): number => at - (at % 86_400_000)
