import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { sharedPools } from '@sirocco/shared/model/volumes/states.ts'
import { and, asc, eq, gt, inArray, isNull, or, type SQL, sql } from 'drizzle-orm'
import type { Scope } from '../../../domain/access/principal.ts'
import type { Snapshot } from '../../../domain/volumes/snapshot.ts'
import type { Volume } from '../../../domain/volumes/volume.ts'
import type { Store } from '../../../ports/store.ts'
import type { Database } from '../database.ts'
import * as s from '../schema.ts'
import { among } from './among.ts'
import { paged } from './page.ts'
import { together } from './together.ts'

interface Placed {
  readonly host: Id<'host'>
  readonly ids: ReadonlySet<string>
}

/** Volumes and snapshots with what is wanted and seen of them: one batch of two statements each. Those that are named come in no order (no `limit`). */
export function volumeReads(database: Database): Pick<Store, 'volumes' | 'snapshots' | 'pools'> {
  const { db, clock } = database
  const visible = (table: typeof s.volume | typeof s.snapshot) =>
    or(isNull(table.goneAt), gt(table.goneAt, clock.now() - limits.goneVisible))
  const within = (table: typeof s.volume | typeof s.snapshot, scope: Scope) =>
    scope === 'platform' ? undefined : eq(table.project, scope.project)
  const hasClaim = (consumer: typeof s.volume.id | typeof s.snapshot.id, hosts: readonly Id<'host'>[]) =>
    sql`EXISTS (SELECT 1 FROM allocation a WHERE a.consumer = ${consumer} AND a.until IS NULL AND ${among(sql`a.host`, hosts)})`

  async function volumes(which: SQL | undefined, limit: number | null): Promise<Result<Volume[]>> {
    const order = limit === null ? [] : [asc(s.volume.id)]
    const most = limit ?? limits.pageMax
    const chosen = db
      .select({ id: s.volume.id })
      .from(s.volume)
      .where(which)
      .orderBy(...order)
      .limit(most)
    return database.read(async () => {
      const [rows, tags] = await db.batch([
        db
          .select({
            volume: s.volume,
            zone: s.zone.name,
            region: s.region.name,
            pool: s.storagePool,
            attachment: s.attachment,
            machineAlias: s.machine.alias,
            rescueVolume: s.machine.rescueVolume,
            sourceSnapshotAlias: s.snapshot.alias,
            host: s.allocation.host,
            silentSince: s.agent.silentSince,
            observed: s.volumeObserved,
          })
          .from(s.volume)
          .innerJoin(s.zone, eq(s.zone.id, s.volume.zone))
          .innerJoin(s.region, eq(s.region.id, s.zone.region))
          .innerJoin(s.storagePool, eq(s.storagePool.id, s.volume.pool))
          .leftJoin(s.attachment, eq(s.attachment.volume, s.volume.id))
          .leftJoin(s.machine, eq(s.machine.id, s.attachment.machine))
          .leftJoin(s.allocation, and(eq(s.allocation.consumer, s.volume.id), isNull(s.allocation.until)))
          .leftJoin(s.host, eq(s.host.id, s.allocation.host))
          .leftJoin(s.agent, eq(s.agent.id, s.host.agent))
          .leftJoin(s.volumeObserved, eq(s.volumeObserved.volume, s.volume.id))
          .leftJoin(s.snapshot, and(eq(s.snapshot.id, s.volume.sourceSnapshot), eq(s.snapshot.passing, false)))
          .where(which)
          .orderBy(...order)
          .limit(most),
        db.select().from(s.tag).where(inArray(s.tag.resource, chosen)),
      ])
      const tagsOf = Map.groupBy(tags, row => row.resource)
      return rows.map(
        ({
          volume,
          zone,
          region,
          pool,
          attachment,
          machineAlias,
          rescueVolume,
          sourceSnapshotAlias,
          host,
          silentSince,
          observed,
        }) =>
          ({
            ...volume,
            zone,
            zoneId: volume.zone,
            region,
            pool: { id: pool.id, name: pool.name, type: pool.type, path: pool.path },
            host,
            sourceSnapshotAlias,
            attachment: attachment && { ...attachment, machineAlias: machineAlias ?? '', rescueVolume },
            tags: Object.fromEntries((tagsOf.get(volume.id) ?? []).map(({ key, value }) => [key, value])),
            observed,
            observerAlive: silentSince === null,
          }) satisfies Volume,
      )
    })
  }

  async function snapshots(which: SQL | undefined, limit: number | null): Promise<Result<Snapshot[]>> {
    const order = limit === null ? [] : [asc(s.snapshot.id)]
    const most = limit ?? limits.pageMax
    const chosen = db
      .select({ id: s.snapshot.id })
      .from(s.snapshot)
      .where(which)
      .orderBy(...order)
      .limit(most)
    return database.read(async () => {
      const [rows, tags] = await db.batch([
        db
          .select({
            snapshot: s.snapshot,
            zone: s.zone.name,
            region: s.region.name,
            pool: s.storagePool,
            host: s.allocation.host,
            silentSince: s.agent.silentSince,
            observed: s.snapshotObserved,
          })
          .from(s.snapshot)
          .innerJoin(s.zone, eq(s.zone.id, s.snapshot.zone))
          .innerJoin(s.region, eq(s.region.id, s.zone.region))
          .innerJoin(s.storagePool, eq(s.storagePool.id, s.snapshot.pool))
          .leftJoin(s.allocation, and(eq(s.allocation.consumer, s.snapshot.id), isNull(s.allocation.until)))
          .leftJoin(s.host, eq(s.host.id, s.allocation.host))
          .leftJoin(s.agent, eq(s.agent.id, s.host.agent))
          .leftJoin(s.snapshotObserved, eq(s.snapshotObserved.snapshot, s.snapshot.id))
          .where(which)
          .orderBy(...order)
          .limit(most),
        db.select().from(s.tag).where(inArray(s.tag.resource, chosen)),
      ])
      const tagsOf = Map.groupBy(tags, row => row.resource)
      return rows.map(
        ({ snapshot, zone, region, pool, host, silentSince, observed }) =>
          ({
            ...snapshot,
            zone,
            zoneId: snapshot.zone,
            region,
            pool: { id: pool.id, name: pool.name, type: pool.type, path: pool.path },
            host,
            tags: Object.fromEntries((tagsOf.get(snapshot.id) ?? []).map(({ key, value }) => [key, value])),
            observed: observed && { ...observed, progress: null },
            observerAlive: silentSince === null,
          }) satisfies Snapshot,
      )
    })
  }

  /** Those asked for in one turn of the event loop, of whatever host, in one read. */
  const onHosts = <R extends { readonly id: string; readonly host: Id<'host'> | null }>(
    id: typeof s.volume.id | typeof s.snapshot.id,
    load: (which: SQL | undefined, limit: null) => Promise<Result<R[]>>,
  ) =>
    together<Placed, readonly R[]>(async asked => {
      const ids = [...new Set(asked.flatMap(each => [...each.ids]))]
      const found = await load(and(among(id, ids), hasClaim(id, [...new Set(asked.map(each => each.host))])), null)
      return found.ok ? ok(({ host, ids }) => found.value.filter(one => one.host === host && ids.has(one.id))) : found
    })
  const volumesOn = onHosts(s.volume.id, volumes)
  const snapshotsOn = onHosts(s.snapshot.id, snapshots)

  return {
    volumes: {
      async find(scope, refs) {
        const found = await volumes(
          and(within(s.volume, scope), or(among(s.volume.id, refs), among(s.volume.alias, refs)), visible(s.volume)),
          null,
        )
        return found.ok ? inOrder(found.value, refs, 'volume') : found
      },
      async list(scope, page) {
        const after = page.after === null ? undefined : gt(s.volume.id, page.after as Id<'volume'>)
        const found = await volumes(and(within(s.volume, scope), after, visible(s.volume)), page.limit + 1)
        return found.ok ? ok(paged(found.value, page.limit, v => v.id)) : found
      },
      onHost: (host, ids) => volumesOn({ host, ids: new Set(ids) }),
    },
    snapshots: {
      async find(scope, refs) {
        const found = await snapshots(
          and(within(s.snapshot, scope), or(among(s.snapshot.id, refs), among(s.snapshot.alias, refs)), visible(s.snapshot)),
          null,
        )
        return found.ok ? inOrder(found.value, refs, 'snapshot') : found
      },
      async list(scope, page) {
        const after = page.after === null ? undefined : gt(s.snapshot.id, page.after as Id<'snapshot'>)
        const found = await snapshots(
          and(within(s.snapshot, scope), after, visible(s.snapshot), eq(s.snapshot.passing, false)),
          page.limit + 1,
        )
        return found.ok ? ok(paged(found.value, page.limit, v => v.id)) : found
      },
      ofMoment: (scope, moment) =>
        snapshots(and(within(s.snapshot, scope), eq(s.snapshot.moment, moment), isNull(s.snapshot.goneAt)), null),
      onHost: (host, ids) => snapshotsOn({ host, ids: new Set(ids) }),
    },
    pools: {
      list: () =>
        database.read(() =>
          db
            .select({
              id: s.storagePool.id,
              zone: s.zone.name,
              zoneId: s.storagePool.zone,
              name: s.storagePool.name,
              type: s.storagePool.type,
              isDefault: s.storagePool.isDefault,
              path: s.storagePool.path,
              ceph: s.storagePool.ceph,
              createdAt: s.storagePool.createdAt,
            })
            .from(s.storagePool)
            .innerJoin(s.zone, eq(s.zone.id, s.storagePool.zone))
            .orderBy(asc(s.storagePool.id))
            .limit(limits.pageMax),
        ),
      onHosts: pool =>
        database.read(() =>
          db
            .select({
              host: s.host.id,
              hostName: s.host.name,
              totalMiB: s.hostPool.totalMiB,
              claimedMiB: sql<number>`coalesce((SELECT sum(a."poolMiB") FROM allocation a
                WHERE a.pool = ${s.hostPool.pool} AND a.until IS NULL AND (a.host = ${s.hostPool.host} OR ${s.storagePool.type} IN ${sharedPools})), 0)`,
              fault: s.hostPool.fault,
            })
            .from(s.hostPool)
            .innerJoin(s.host, eq(s.host.id, s.hostPool.host))
            .innerJoin(s.storagePool, eq(s.storagePool.id, s.hostPool.pool))
            .where(and(eq(s.hostPool.pool, pool), isNull(s.host.removedAt)))
            .orderBy(asc(s.hostPool.host))
            .limit(limits.pageMax),
        ),
      seenBy: host =>
        database.read(() =>
          db
            .select({ pool: s.hostPool.pool, totalMiB: s.hostPool.totalMiB, fault: s.hostPool.fault })
            .from(s.hostPool)
            .where(eq(s.hostPool.host, host)),
        ),
      use: pool =>
        database.read(async () => {
          const [[lying], [kept]] = await db.batch([
            db
              .select({ volumes: sql<number>`count(*)`, sizeMiB: sql<number>`coalesce(sum(${s.volume.sizeMiB}), 0)` })
              .from(s.volume)
              .where(eq(s.volume.pool, pool)),
            db.select({ snapshots: sql<number>`count(*)` }).from(s.snapshot).where(eq(s.snapshot.pool, pool)),
          ])
          return { volumes: lying?.volumes ?? 0, sizeMiB: lying?.sizeMiB ?? 0, snapshots: kept?.snapshots ?? 0 }
        }),
    },
  }
}

/** As they were asked for, by either id. */
function inOrder<T extends { readonly id: string; readonly alias: string }>(
  found: readonly T[],
  refs: readonly string[],
  noun: string,
): Result<T[]> {
  const byRef = new Map(found.flatMap(one => [[one.id, one] as const, [one.alias, one] as const]))
  const ordered: T[] = []
  for (const ref of refs) {
    const one = byRef.get(ref)
    if (!one) return refuse('not_found', `there is no ${noun} ${ref}`, { field: ref })
    ordered.push(one)
  }
  return ok(ordered)
}
