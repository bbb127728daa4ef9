import { limits } from '@sirocco/shared/model/limits.ts'
import { eq, sql } from 'drizzle-orm'
import type { PriceChange } from '../../ports/prices.ts'
import { currencyKey } from './reads/prices.ts'
import * as s from './schema.ts'
import type { Write } from './write.ts'

/** Prices, and what projects may spend: how each change is written. */
export const priceWrites: { readonly [D in PriceChange['do']]: Write<D> } = {
  'price.insert': ({ price }, { database: { db } }) => [
    db.insert(s.price).values(price),
    sql`INSERT INTO guard (quota) SELECT 1 WHERE (SELECT count(*) FROM price) > ${limits.prices}`,
  ],
  'price.delete': ({ price }, { database: { db } }) => [db.delete(s.price).where(eq(s.price.id, price))],
  'currency.set': ({ currency }) => [
    sql`INSERT INTO meta (key, value) VALUES (${currencyKey}, ${currency}) ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
  ],
  'budget.set': ({ project, budget }, { database: { db } }) =>
    budget === null
      ? [db.delete(s.budget).where(eq(s.budget.project, project))]
      : [
          db
            .insert(s.budget)
            .values({ project, ...budget })
            .onConflictDoUpdate({ target: s.budget.project, set: budget }),
          // Looked at anew at once, and told of again.
          sql`UPDATE spending SET at = 0, alerted = 0 WHERE project = ${project}`,
        ],
  'spending.put': ({ do: _, project, ...spent }, { database: { db }, now }) => [
    db
      .insert(s.spending)
      .values({ project, ...spent, at: now })
      .onConflictDoUpdate({ target: s.spending.project, set: { ...spent, at: now } }),
  ],
}
