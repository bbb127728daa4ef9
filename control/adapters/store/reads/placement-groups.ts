import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { and, asc, eq, gt, or, type SQL, sql } from 'drizzle-orm'
import type { Scope } from '../../../domain/access/principal.ts'
import type { PlacementGroup } from '../../../domain/placement/group.ts'
import type { Store } from '../../../ports/store.ts'
import type { Database } from '../database.ts'
import * as s from '../schema.ts'
import { first, paged } from './page.ts'

export function placementGroupReads(database: Database): Store['placementGroups'] {
  const { db } = database
  const owned = (scope: Scope) => (scope === 'platform' ? undefined : eq(s.placementGroup.project, scope.project))
  const { id, alias, project, name, policy, strict, createdAt } = s.placementGroup
  // With names in full: where one table is read, columns are written without it.
  const machines = sql<number>`(SELECT count(*) FROM machine m WHERE m."placementGroup" = placement_group.id AND m."goneAt" IS NULL)`
  const hosts = sql<number>`(SELECT count(DISTINCT a.host) FROM allocation a WHERE a."placementGroup" = placement_group.id AND a.until IS NULL)`

  const load = (which: SQL | undefined, limit: number): Promise<Result<PlacementGroup[]>> =>
    database.read(() =>
      db
        .select({ id, alias, project, name, policy, strict, machines, hosts, createdAt })
        .from(s.placementGroup)
        .where(which)
        .orderBy(asc(id))
        .limit(limit),
    )

  return {
    async find(scope, ref) {
      const named = or(eq(name, ref), eq(alias, ref), eq(id, ref as Id<'placementGroup'>))
      const found = await load(and(owned(scope), named), 1)
      if (!found.ok) return found
      const group = first(found.value)
      return group
        ? ok(group)
        : refuse('not_found', `there is no placement group ${ref}; create it first`, { field: 'placementGroup' })
    },
    async list(scope, page) {
      const after = page.after === null ? undefined : gt(id, page.after as Id<'placementGroup'>)
      const found = await load(and(owned(scope), after), page.limit + 1)
      return found.ok ? ok(paged(found.value, page.limit, group => group.id)) : found
    },
  }
}
