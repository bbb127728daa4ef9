import type { Id } from '@sirocco/shared/kit/id.ts'
import type { UsageKind } from '@sirocco/shared/model/usage.ts'
import { sql } from 'drizzle-orm'
import { index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core'

/** What was used, of one resource and hour; what is older than `limits.usageHours` stands in the first hour of its day (UTC). */
export const usage = sqliteTable(
  'usage',
  {
    /** Empty: of something that nobody knows any more. */
    project: text().$type<Id<'project'> | ''>().notNull(),
    /** When the hour began. */
    hour: integer().notNull(),
    kind: text().$type<UsageKind>().notNull(),
    /** Which flavor, or pool. */
    what: text().notNull(),
    resource: text().notNull(),
    /** In the unit of its kind. */
    amount: integer().notNull(),
  },
  t => [
    primaryKey({ columns: [t.project, t.hour, t.kind, t.what, t.resource] }),
    index('usage_resource').on(t.resource, t.project),
    index('usage_hour').on(t.hour),
    index('usage_unfolded').on(t.hour).where(sql`${t.hour} % 86400000 <> 0`),
  ],
)

/** How far what each host reported is kept: the numbers up to `last`, each once. */
export const usageSeries = sqliteTable(
  'usage_series',
  {
    host: text().$type<Id<'host'>>().notNull(),
    series: text().notNull(),
    last: integer().notNull(),
    at: integer().notNull(),
  },
  t => [primaryKey({ columns: [t.host, t.series] })],
)
