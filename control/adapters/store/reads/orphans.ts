import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { and, asc, eq, gt, ne, sql } from 'drizzle-orm'
import type { Orphan } from '../../../domain/hosts/orphan.ts'
import type { Store } from '../../../ports/store.ts'
import type { Database } from '../database.ts'
import * as s from '../schema.ts'
import { among } from './among.ts'
import { paged } from './page.ts'
import { together } from './together.ts'

/** Machines that hosts carry and nobody asks for. */
export function orphanReads(database: Database): Store['orphans'] {
  const { db } = database
  return {
    onHost: together(async (hosts: readonly Id<'host'>[]) => {
      const rows = await database.read(() => db.select().from(s.orphan).where(among(s.orphan.host, hosts)))
      if (!rows.ok) return rows
      const found = Map.groupBy(rows.value, row => row.host)
      return ok((host: Id<'host'>): readonly Orphan[] => found.get(host) ?? [])
    }),
    async list(host, { after, limit }) {
      const rows = await database.read(() =>
        db
          .select()
          .from(s.orphan)
          .where(and(eq(s.orphan.host, host), after === null ? undefined : gt(s.orphan.machine, after)))
          .orderBy(asc(s.orphan.machine))
          .limit(limit + 1),
      )
      return rows.ok ? ok(paged(rows.value, limit, row => row.machine)) : rows
    },
    async find(ids) {
      const rows = await database.read(() =>
        db
          .select()
          .from(s.orphan)
          .where(and(among(s.orphan.id, ids as readonly Id<'orphan'>[]), ne(s.orphan.id, sql`''`))),
      )
      if (!rows.ok) return rows
      const byId = new Map<string, Orphan>(rows.value.map(row => [row.id, row]))
      const missing = ids.find(id => !byId.has(id))
      return missing === undefined
        ? ok(ids.flatMap(id => byId.get(id) ?? []))
        : refuse('not_found', `nothing is known of ${missing}: it is gone from its host, or was adopted`, { field: missing })
    },
  }
}
