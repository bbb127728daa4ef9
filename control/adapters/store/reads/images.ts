import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { and, asc, eq, gt, inArray, isNotNull, isNull, lt, not, or, type SQL, sql } from 'drizzle-orm'
import type { Scope } from '../../../domain/access/principal.ts'
import type { Image } from '../../../domain/images/image.ts'
import type { SharedWith, Store } from '../../../ports/store.ts'
import type { Database } from '../database.ts'
import * as s from '../schema.ts'
import { stoodOn } from '../stood-on.ts'
import { first, paged } from './page.ts'

/** What machines boot from, with how far those are that are being made. */
export function imageReads(database: Database): Store['images'] {
  const { db } = database

  /** What a project may launch from: the platform's, its own, what others share with it or with everybody. Deleted ones nobody sees. */
  const seen = (scope: Scope): SQL | undefined =>
    scope === 'platform'
      ? undefined
      : and(
          isNull(s.image.deletedAt),
          or(
            isNull(s.image.project),
            eq(s.image.project, scope.project),
            eq(s.image.visibility, 'public'),
            and(
              eq(s.image.visibility, 'project'),
              sql`EXISTS (SELECT 1 FROM image_share WHERE image_share.image = ${s.image.id} AND image_share.project = ${scope.project})`,
            ),
          ),
        )

  async function load(which: SQL | undefined, limit: number, order: 'by id' | 'any' = 'by id'): Promise<Result<Image[]>> {
    const rows = await database.read(() => {
      const chosen = db
        .select({
          image: s.image,
          account: s.project.account,
          import: s.imageImport,
          observed: s.imageObserved,
          silentSince: s.agent.silentSince,
        })
        .from(s.image)
        .leftJoin(s.project, eq(s.project.id, s.image.project))
        .leftJoin(s.imageImport, eq(s.imageImport.image, s.image.id))
        .leftJoin(s.imageObserved, eq(s.imageObserved.image, s.image.id))
        .leftJoin(s.host, eq(s.host.id, s.imageImport.host))
        .leftJoin(s.agent, eq(s.agent.id, s.host.agent))
        .where(which)
        .$dynamic()
      return (order === 'by id' ? chosen.orderBy(asc(s.image.id)) : chosen).limit(limit)
    })
    if (!rows.ok) return rows
    return ok(
      rows.value.map(({ image: { deletedAt: _, ...image }, account, import: making, observed, silentSince }) => ({
        ...image,
        account,
        import: making && {
          source: making.source,
          host: making.host,
          hostAlive: making.host !== null && silentSince === null,
          begunAt: making.begunAt,
          // What another host said of an earlier try is not of this one.
          observed: observed && (making.host === null || observed.host === making.host) ? observed : null,
        },
      })),
    )
  }

  return {
    async find(scope, ref) {
      const found = await load(and(or(eq(s.image.id, ref as Id<'image'>), eq(s.image.alias, ref)), seen(scope)), 1, 'any')
      if (!found.ok) return found
      const image = first(found.value)
      return image ? ok(image) : refuse('not_found', `there is no image ${ref}`, { field: 'image' })
    },
    async list(scope, page) {
      const after = page.after === null ? undefined : gt(s.image.id, page.after as Id<'image'>)
      const found = await load(and(seen(scope), after), page.limit + 1)
      return found.ok ? ok(paged(found.value, page.limit, i => i.id)) : found
    },
    async forRescue(scope) {
      const found = await load(and(sql`${s.image.forRescue} = 1`, eq(s.image.state, 'ready'), seen(scope)), limits.page, 'any')
      if (!found.ok) return found
      const own = ({ project }: Image) => Number(scope !== 'platform' && project === scope.project)
      return ok(found.value.toSorted((a, b) => own(b) - own(a) || (a.id < b.id ? 1 : -1)))
    },
    async many(refs) {
      const found = await load(inArray(s.image.id, refs as Id<'image'>[]), refs.length, 'any')
      if (!found.ok) return found
      const missing = refs.find(ref => !found.value.some(image => image.id === ref))
      return missing === undefined ? found : refuse('not_found', `there is no image ${missing}`, { field: 'image' })
    },
    onHost: (host, ids) =>
      load(and(inArray(s.image.id, ids as Id<'image'>[]), eq(s.imageImport.host, host)), Math.max(1, ids.length), 'any'),
    shares: image =>
      database.read(() =>
        db
          .select({ id: s.project.id, account: s.project.account, name: s.project.name })
          .from(s.imageShare)
          .innerJoin(s.project, eq(s.project.id, s.imageShare.project))
          .where(eq(s.imageShare.image, image))
          .limit(limits.imageShares),
      ),
    async projects(refs) {
      const rows = await database.read(() =>
        db
          .select({ id: s.project.id, account: s.project.account, name: s.project.name })
          .from(s.project)
          .where(
            or(
              inArray(s.project.id, refs as Id<'project'>[]),
              inArray(s.project.account, [...refs]),
              inArray(s.project.name, [...refs]),
            ),
          )
          .limit(3 * limits.imageShares),
      )
      if (!rows.ok) return rows
      const found = new Map<Id<'project'>, SharedWith>()
      for (const ref of refs) {
        const one =
          rows.value.find(p => p.id === ref) ?? rows.value.find(p => p.account === ref) ?? rows.value.find(p => p.name === ref)
        if (!one) return refuse('not_found', `there is no project ${ref}`, { field: 'projects' })
        found.set(one.id, one)
      }
      return ok([...found.values()])
    },
    async reclaimable(before, limit) {
      const rows = await database.read(() =>
        db
          .select({
            id: s.image.id,
            sha256: s.imageFile.sha256,
            shared: sql<number>`EXISTS (SELECT 1 FROM image_file other WHERE other.sha256 = ${s.imageFile.sha256} AND other.image <> ${s.image.id})`,
          })
          .from(s.image)
          .leftJoin(s.imageFile, eq(s.imageFile.image, s.image.id))
          .where(and(isNotNull(s.image.deletedAt), lt(s.image.deletedAt, before), not(stoodOn(s.image.id))))
          .orderBy(asc(s.image.deletedAt), asc(s.image.id))
          .limit(limit),
      )
      if (!rows.ok) return rows
      const byImage = Map.groupBy(rows.value, row => row.id)
      return ok(
        [...byImage].map(([id, files]) => ({
          id,
          contents: files.flatMap(({ sha256, shared }) => (sha256 === null || shared ? [] : [sha256])),
        })),
      )
    },
    unfinished: (before, limit) => load(and(eq(s.image.state, 'pending'), lt(s.image.createdAt, before)), limit, 'any'),
  }
}
