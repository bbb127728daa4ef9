import { ok } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { firstCurrency } from '@sirocco/shared/model/prices.ts'
import { asc, eq, sql } from 'drizzle-orm'
import type { PriceReads, Spending } from '../../../ports/prices.ts'
import type { Database } from '../database.ts'
import * as s from '../schema.ts'
import { first } from './page.ts'

export const currencyKey = 'currency'

export function priceReads(database: Database): PriceReads {
  const { db } = database
  return {
    list: () =>
      database.read(() =>
        db.select().from(s.price).orderBy(asc(s.price.kind), asc(s.price.what), asc(s.price.from)).limit(limits.prices),
      ),
    async currency() {
      const rows = await database.read(() => db.select({ value: s.meta.value }).from(s.meta).where(eq(s.meta.key, currencyKey)))
      return rows.ok ? ok(first(rows.value)?.value ?? firstCurrency) : rows
    },
    async budget(project) {
      const rows = await database.read(() =>
        db.select({ micros: s.budget.micros, alertAt: s.budget.alertAt }).from(s.budget).where(eq(s.budget.project, project)),
      )
      return rows.ok ? ok(first(rows.value)) : rows
    },
    async due(before, limit) {
      const watched = sql`SELECT project FROM budget UNION SELECT project FROM quota WHERE resource = 'money'`
      const rows = await database.read(() =>
        db.all<{
          project: Id<'project'>
          micros: number | null
          alertAt: string | null
          month: number | null
          spent: number
          alerted: number
        }>(
          sql`SELECT w.project, b.micros, b.${sql.identifier('alertAt')}, g.month, coalesce(g.spent, 0) AS spent, coalesce(g.alerted, 0) AS alerted
            FROM (${watched}) w LEFT JOIN budget b ON b.project = w.project LEFT JOIN spending g ON g.project = w.project
            WHERE coalesce(g.at, 0) < ${before} LIMIT ${limit}`,
        ),
      )
      if (!rows.ok) return rows
      return ok(
        rows.value.map(
          ({ micros, alertAt, ...row }): Spending => ({
            ...row,
            budget: micros === null || alertAt === null ? null : { micros, alertAt: JSON.parse(alertAt) as number[] },
          }),
        ),
      )
    },
  }
}
