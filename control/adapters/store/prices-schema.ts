import type { Id } from '@sirocco/shared/kit/id.ts'
import type { UsageKind } from '@sirocco/shared/model/usage.ts'
import { integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'

/** What things cost, in millionths of the currency (`meta`), from one day (UTC) to before another. */
export const price = sqliteTable(
  'price',
  {
    id: text().$type<Id<'price'>>().primaryKey(),
    kind: text().$type<UsageKind>().notNull(),
    /** Flavor or pool; empty: any. */
    what: text().notNull(),
    micros: integer().notNull(),
    from: integer().notNull(),
    until: integer(),
  },
  t => [uniqueIndex('price_from').on(t.kind, t.what, t.from)],
)

/** What a project means to spend in a month. */
export const budget = sqliteTable('budget', {
  project: text().$type<Id<'project'>>().primaryKey(),
  micros: integer().notNull(),
  alertAt: text({ mode: 'json' }).$type<readonly number[]>().notNull(),
})

/** What a project with a budget, or with a limit of money, spent of the newest month that was looked at. */
export const spending = sqliteTable('spending', {
  project: text().$type<Id<'project'>>().primaryKey(),
  /** When it began. */
  month: integer().notNull(),
  spent: integer().notNull(),
  /** The highest percentage that was told. */
  alerted: integer().notNull(),
  at: integer().notNull(),
})
