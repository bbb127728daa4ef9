import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import { and, asc, eq, inArray, or, sql } from 'drizzle-orm'
import type { Scope } from '../../../domain/access/principal.ts'
import type { Store } from '../../../ports/store.ts'
import type { Database } from '../database.ts'
import * as s from '../schema.ts'
import { paged } from './page.ts'

/** Nouns that carry tags, each with its id, alias and project. */
const taggable = [s.machine, s.keyPair, s.network, s.volume, s.snapshot, s.securityGroup] as const

export function tagReads(database: Database): Store['tags'] {
  const { db } = database
  const owned = (table: (typeof taggable)[number], scope: Scope) =>
    scope === 'platform' ? undefined : eq(table.project, scope.project)
  return {
    async list(scope, page) {
      // An id has no bar in it; a key may have many.
      const [resource = '', ...keyParts] = page.after?.split('|') ?? []
      const key = keyParts.join('|')
      const rows = await database.read(() =>
        db
          .select({
            resource: s.tag.resource,
            key: s.tag.key,
            value: s.tag.value,
            alias: sql<string>`coalesce((SELECT alias FROM machine WHERE id = ${s.tag.resource}), (SELECT alias FROM key_pair WHERE id = ${s.tag.resource}), (SELECT alias FROM network WHERE id = ${s.tag.resource}), (SELECT alias FROM volume WHERE id = ${s.tag.resource}), (SELECT alias FROM snapshot WHERE id = ${s.tag.resource}), (SELECT alias FROM security_group WHERE id = ${s.tag.resource}), ${s.tag.resource})`,
          })
          .from(s.tag)
          .where(
            and(
              scope === 'platform' ? undefined : eq(s.tag.project, scope.project),
              sql`(${s.tag.resource}, ${s.tag.key}) > (${resource}, ${key})`,
            ),
          )
          .orderBy(asc(s.tag.resource), asc(s.tag.key))
          .limit(page.limit + 1),
      )
      return rows.ok ? ok(paged(rows.value, page.limit, t => `${t.resource}|${t.key}`)) : rows
    },
    async resolve(scope, refs) {
      const named = (table: (typeof taggable)[number]) =>
        db
          .select({ id: sql<string>`${table.id}`, alias: table.alias })
          .from(table)
          .where(and(owned(table, scope), or(inArray(sql`${table.id}`, [...refs]), inArray(table.alias, [...refs]))))
      const rows = await database.read(async () =>
        (
          await db.batch([
            named(s.machine),
            named(s.keyPair),
            named(s.network),
            named(s.volume),
            named(s.snapshot),
            named(s.securityGroup),
          ])
        ).flat(),
      )
      if (!rows.ok) return rows
      const byRef = new Map(rows.value.flatMap(row => [[row.id, row.id] as const, [row.alias, row.id] as const]))
      const resolved: { ref: string; id: string }[] = []
      for (const ref of refs) {
        const id = byRef.get(ref)
        if (id === undefined) return refuse('not_found', `there is no ${ref}`, { field: ref })
        resolved.push({ ref, id })
      }
      return ok(resolved)
    },
  }
}
