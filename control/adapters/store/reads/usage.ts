import { ok } from '@sirocco/shared/kit/fault.ts'
import { usageKinds } from '@sirocco/shared/model/usage.ts'
import { and, eq, type SQL, sql } from 'drizzle-orm'
import { z } from 'zod'
import type { Owner } from '../../../domain/usage/rows.ts'
import type { Span, UsageReads } from '../../../ports/usage.ts'
import type { Database } from '../database.ts'
import * as s from '../schema.ts'
import { among } from './among.ts'
import { first, paged } from './page.ts'

/** Of the hour that was counted last. */
export const countedKey = 'usage_counted'

const Sum = z.object({
  kind: z.enum(usageKinds),
  what: z.string(),
  resource: z.string(),
  tag: z.string(),
  amount: z.number(),
  segment: z.number(),
})

/** Whose is what, and how much of it was used. */
export function usageReads(database: Database): UsageReads {
  const { db } = database
  return {
    async last(host, series) {
      const rows = await database.read(() =>
        db
          .select({ last: s.usageSeries.last })
          .from(s.usageSeries)
          .where(and(eq(s.usageSeries.host, host), eq(s.usageSeries.series, series))),
      )
      return rows.ok ? ok(first(rows.value)?.last ?? 0) : rows
    },
    async owners(ids) {
      const rows = await database.read(() =>
        db.batch([
          // What is forgotten was used before.
          db.selectDistinct({ id: s.usage.resource, project: s.usage.project }).from(s.usage).where(among(s.usage.resource, ids)),
          db.select({ id: s.volume.id, project: s.volume.project }).from(s.volume).where(among(s.volume.id, ids)),
          db
            .select({
              id: s.machine.id,
              project: s.machine.project,
              name: s.machine.flavor,
              vcpus: s.machine.vcpus,
              memoryMiB: s.machine.memoryMiB,
            })
            .from(s.machine)
            .where(among(s.machine.id, ids)),
        ]),
      )
      if (!rows.ok) return rows
      const [before, volumes, machines] = rows.value
      const owners = new Map<string, Owner>()
      for (const { id, project } of before) if (project !== '') owners.set(id, { project })
      for (const { id, project } of volumes) owners.set(id, { project })
      for (const { id, project, ...flavor } of machines) owners.set(id, { project, flavor })
      return ok(owners)
    },
    async counted() {
      const rows = await database.read(() => db.select({ value: s.meta.value }).from(s.meta).where(eq(s.meta.key, countedKey)))
      if (!rows.ok) return rows
      const found = first(rows.value)
      return ok(found ? Number(found.value) : null)
    },
    async sums(project, span, tag) {
      const within = sql`u.project = ${project} AND u.hour >= ${span.from} AND u.hour < ${span.to}`
      const value = tag === null ? sql`''` : sql`coalesce(t.value, '')`
      const tags =
        tag === null ? sql`` : sql`LEFT JOIN tag t ON t.resource = u.resource AND t.key = ${tag} AND t.project = u.project`
      const rows = await database.read(() =>
        db.all(sql`SELECT u.kind, u.what, '' AS resource, ${value} AS tag, ${segmentOf(span)} AS segment, sum(u.amount) AS amount
          FROM usage u ${tags} WHERE ${within} GROUP BY 1, 2, 4, 5 ORDER BY 1, 2, 4, 5`),
      )
      return rows.ok ? ok(rows.value.map(row => Sum.parse(row))) : rows
    },
    async resources(project, span, page) {
      const [resource = '', kind = '', what = ''] = page.after?.split('|') ?? []
      const most = (page.limit + 1) * (span.cuts.length + 1)
      const rows = await database.read(() =>
        db.all(sql`SELECT u.kind, u.what, u.resource, '' AS tag, ${segmentOf(span)} AS segment, sum(u.amount) AS amount FROM usage u
          WHERE u.project = ${project} AND u.hour >= ${span.from} AND u.hour < ${span.to}
          AND (u.resource, u.kind, u.what) > (${resource}, ${kind}, ${what})
          GROUP BY 3, 1, 2, 5 ORDER BY 3, 1, 2, 5 LIMIT ${most}`),
      )
      if (!rows.ok) return rows
      // Whole lines: what was cut off in the middle of one is the last, and more than the page.
      const lines = Map.groupBy(
        rows.value.map(row => Sum.parse(row)),
        row => `${row.resource}|${row.kind}|${row.what}`,
      )
      const { items, next } = paged([...lines], page.limit, ([key]) => key)
      return ok({ items: items.flatMap(([, sums]) => sums), next })
    },
  }
}

const segmentOf = ({ cuts }: Span): SQL => sql.join([sql`0`, ...cuts.map(cut => sql`(u.hour >= ${cut})`)], sql` + `)
