import { ok } from '@sirocco/shared/kit/fault.ts'
import { usageKinds } from '@sirocco/shared/model/usage.ts'
import { and, eq, sql } from 'drizzle-orm'
import { z } from 'zod'
import type { Owner } from '../../../domain/usage/rows.ts'
import type { UsageReads } from '../../../ports/usage.ts'
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
    async sums(project, from, to, tag) {
      const rows = await database.read(() =>
        db.all(
          tag === null
            ? sql`SELECT kind, what, '' AS resource, '' AS tag, sum(amount) AS amount FROM usage
                WHERE project = ${project} AND hour >= ${from} AND hour < ${to} GROUP BY kind, what ORDER BY kind, what`
            : sql`SELECT u.kind, u.what, '' AS resource, coalesce(t.value, '') AS tag, sum(u.amount) AS amount
                FROM usage u LEFT JOIN tag t ON t.resource = u.resource AND t.key = ${tag} AND t.project = u.project
                WHERE u.project = ${project} AND u.hour >= ${from} AND u.hour < ${to} GROUP BY u.kind, u.what, 4 ORDER BY u.kind, u.what, 4`,
        ),
      )
      return rows.ok ? ok(rows.value.map(row => Sum.parse(row))) : rows
    },
    async resources(project, from, to, page) {
      const [resource = '', kind = '', what = ''] = page.after?.split('|') ?? []
      const rows = await database.read(() =>
        db.all(sql`SELECT kind, what, resource, '' AS tag, sum(amount) AS amount FROM usage
          WHERE project = ${project} AND hour >= ${from} AND hour < ${to} AND (resource, kind, what) > (${resource}, ${kind}, ${what})
          GROUP BY resource, kind, what ORDER BY resource, kind, what LIMIT ${page.limit + 1}`),
      )
      if (!rows.ok) return rows
      const sums = rows.value.map(row => Sum.parse(row))
      return ok(paged(sums, page.limit, row => `${row.resource}|${row.kind}|${row.what}`))
    },
  }
}
