import { hour as hourLong } from '@sirocco/shared/kit/clock.ts'
import { type SQL, sql } from 'drizzle-orm'
import type { UsageChange } from '../../ports/usage.ts'
import { countedKey } from './reads/usage.ts'
import { unless, type Write } from './write.ts'

const added = sql`ON CONFLICT (project, hour, kind, what, resource) DO UPDATE SET amount = amount + excluded.amount`
const into = sql`INSERT INTO usage (project, hour, kind, what, resource, amount)`

/** Whole seconds of the hour between two moments; some may lie outside. */
const within = (hour: number, begin: SQL, end: SQL): SQL =>
  // Numbers are bound as they come, some as reals.
  sql`CAST(max(0, min(${end}, ${hour + hourLong}) - max(${begin}, ${hour})) / 1000 AS INTEGER)`

const [endedAt, goneAt, createdAt, storedBytes, sizeMiB, from] = [
  'endedAt',
  'goneAt',
  'createdAt',
  'storedBytes',
  'sizeMiB',
  'from',
].map(name => sql.identifier(name))

/** What was used: how each change is written. */
export const usageWrites: { readonly [D in UsageChange['do']]: Write<D> } = {
  'usage.keep': ({ host, series, n, oldest, rows }, { now }) => [
    // The first of a series may be any number: what came before it is lost.
    sql`INSERT INTO usage_series (host, series, last, at) SELECT ${host}, ${series}, ${n}, ${now}
      WHERE ${n} = ${oldest} OR ${n} = 1 OR EXISTS (SELECT 1 FROM usage_series WHERE host = ${host} AND series = ${series})
      ON CONFLICT (host, series) DO UPDATE SET last = excluded.last, at = excluded.at
      WHERE last = excluded.last - 1 OR (last < excluded.last AND ${n} = ${oldest})`,
    unless('stale'),
    sql`${into} SELECT value ->> '$.project', value ->> '$.hour', value ->> '$.kind', value ->> '$.what', value ->> '$.resource', value ->> '$.amount'
      FROM json_each(${JSON.stringify(rows)}) WHERE true ${added}`,
  ],
  'usage.count': ({ hour, after }) => [
    after === null
      ? sql`INSERT INTO meta (key, value) VALUES (${countedKey}, ${String(hour)}) ON CONFLICT DO NOTHING`
      : sql`UPDATE meta SET value = ${String(hour)} WHERE key = ${countedKey} AND value = ${String(after)}`,
    unless('stale'),
    sql`${into} SELECT project, ${hour}, 'backup', '', id, ${within(hour, sql`${endedAt}`, sql`coalesce(${goneAt}, ${hour + hourLong})`)} * ${storedBytes} / 1048576
      FROM backup WHERE made = 'ready' AND ${endedAt} < ${hour + hourLong} AND coalesce(${goneAt}, ${hour + 1}) > ${hour} AND ${storedBytes} > 0
      ${added}`,
    // Until a host is chosen for it; from when it lies there its host reports it.
    sql`${into} SELECT project, ${hour}, 'volume', pool, id, ${within(hour, sql`v.${createdAt}`, sql`coalesce(v.placed, v.${goneAt}, ${hour + hourLong})`)} * v.${sizeMiB}
      FROM (SELECT volume.*, (SELECT min(f) FROM (
          SELECT ${from} AS f FROM allocation WHERE consumer = volume.id AND until IS NULL
          UNION ALL SELECT ${from} FROM allocation WHERE consumer = volume.id AND until IS NOT NULL)) AS placed
        FROM volume WHERE ${createdAt} < ${hour + hourLong} AND coalesce(${goneAt}, ${hour + 1}) > ${hour}) v
      WHERE coalesce(v.placed, ${hour + 1}) > ${hour} ${added}`,
    sql`DELETE FROM usage WHERE hour = ${hour} AND amount = 0`,
  ],
}
