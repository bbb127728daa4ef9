import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { and, asc, eq, gt, inArray, or, type SQL } from 'drizzle-orm'
import type { Scope } from '../../../domain/access/principal.ts'
import type { KeyPair } from '../../../domain/images/image.ts'
import type { Store } from '../../../ports/store.ts'
import type { Database } from '../database.ts'
import * as s from '../schema.ts'
import { imageReads } from './images.ts'
import { first, paged } from './page.ts'

/** What machines are made of: images, flavors, regions, key pairs. */
export function catalogueReads(database: Database): Pick<Store, 'images' | 'flavors' | 'regions' | 'keyPairs'> {
  const { db } = database
  const owned = (scope: Scope) => (scope === 'platform' ? undefined : eq(s.keyPair.project, scope.project))

  async function keyPairs(which: SQL | undefined, limit: number): Promise<Result<KeyPair[]>> {
    return database.read(async () => {
      const chosen = db.select({ id: s.keyPair.id }).from(s.keyPair).where(which).orderBy(asc(s.keyPair.id)).limit(limit)
      const [pairs, tags] = await db.batch([
        db.select().from(s.keyPair).where(which).orderBy(asc(s.keyPair.id)).limit(limit),
        db.select().from(s.tag).where(inArray(s.tag.resource, chosen)),
      ])
      const tagsOf = Map.groupBy(tags, row => row.resource)
      return pairs.map(pair => ({ ...pair, tags: Object.fromEntries((tagsOf.get(pair.id) ?? []).map(t => [t.key, t.value])) }))
    })
  }

  return {
    images: imageReads(database),
    flavors: {
      list: () =>
        database.read(() => db.select().from(s.flavor).orderBy(asc(s.flavor.vcpus), asc(s.flavor.memoryMiB)).limit(1_000)),
    },
    regions: {
      async list() {
        const rows = await database.read(() =>
          db
            .select({ region: s.region.name, id: s.zone.id, name: s.zone.name })
            .from(s.region)
            .innerJoin(s.zone, eq(s.zone.region, s.region.id))
            .orderBy(asc(s.region.name), asc(s.zone.name))
            .limit(1_000),
        )
        if (!rows.ok) return rows
        return ok(
          [...Map.groupBy(rows.value, row => row.region)].map(([name, zones]) => ({
            name,
            zones: zones.map(z => ({ id: z.id, name: z.name })),
          })),
        )
      },
    },
    keyPairs: {
      async find(scope, name) {
        const found = await keyPairs(
          and(owned(scope), or(eq(s.keyPair.name, name), eq(s.keyPair.alias, name), eq(s.keyPair.id, name as Id<'keyPair'>))),
          1,
        )
        if (!found.ok) return found
        const pair = first(found.value)
        return pair
          ? ok(pair)
          : refuse('not_found', `there is no key pair ${name}; import or create it first`, { field: 'keyPair' })
      },
      async list(scope, page) {
        const found = await keyPairs(
          and(owned(scope), page.after === null ? undefined : gt(s.keyPair.id, page.after as Id<'keyPair'>)),
          page.limit + 1,
        )
        return found.ok ? ok(paged(found.value, page.limit, k => k.id)) : found
      },
    },
  }
}
