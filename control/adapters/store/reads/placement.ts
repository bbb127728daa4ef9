import { ok } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { sharedPools } from '@sirocco/shared/model/volumes/states.ts'
import { and, asc, desc, eq, gt, gte, inArray, isNull, notExists, type SQL, sql } from 'drizzle-orm'
import { z } from 'zod'
import { freeOf, type Size } from '../../../domain/hosts/host.ts'
import type { Candidate, Demand } from '../../../domain/placement/demand.ts'
import type { Grouping } from '../../../domain/placement/group.ts'
import type { Store } from '../../../ports/store.ts'
import type { Database } from '../database.ts'
import * as s from '../schema.ts'
import { paged } from './page.ts'

/** Hosts as placement sees them. */
export function placementReads(database: Database): Pick<Store['hosts'], 'ofZone' | 'roomiest'> {
  const { db } = database
  const live = and(eq(s.allocation.host, s.host.id), isNull(s.allocation.until))
  const used = (column: 'vcpus' | 'memoryMiB' | 'diskMiB') =>
    sql<number>`coalesce(${db
      .select({ sum: sql`sum(${s.allocation[column]})` })
      .from(s.allocation)
      .where(live)}, 0)`
  const inGroup = ({ id }: Grouping) => and(eq(s.allocation.placementGroup, id), isNull(s.allocation.until))
  const membersOf = (group: Grouping | null) =>
    group === null
      ? sql<number>`0`
      : sql<number>`${db
          .select({ count: sql`count(*)` })
          .from(s.allocation)
          .where(and(inGroup(group), eq(s.allocation.host, s.host.id)))}`

  /** What is free in these pools, where the host has them. */
  const poolsFor = (lying: NonNullable<Demand['lying']>): SQL<string> =>
    lying.length === 0
      ? sql<string>`'{}'`
      : sql<string>`(SELECT json_group_object(p.pool, CAST(p."totalMiB" * ${s.host.diskRatio} AS INTEGER) - coalesce((
          SELECT sum(a."poolMiB") FROM allocation a
          WHERE a.pool = p.pool AND a.until IS NULL AND (a.host = p.host OR sp.type IN ${sharedPools})), 0))
        FROM host_pool p JOIN storage_pool sp ON sp.id = p.pool
        WHERE p.host = ${s.host.id} AND p.fault IS NULL AND p.pool IN (SELECT value FROM json_each(${JSON.stringify(lying.map(({ pool }) => pool))})))`

  /** Everything but what is free. */
  const seen = ({ group, lying = [] }: Pick<Demand, 'group' | 'lying'>) => ({
    id: s.host.id,
    name: s.host.name,
    accepting: s.host.accepting,
    silentSince: s.agent.silentSince,
    tags: s.host.tags,
    members: membersOf(group),
    pools: poolsFor(lying),
  })
  /** Equal, not one of: so that the index keeps its order. */
  const inZone = (zone: string): SQL =>
    sql`${s.host.zone} = ${db.select({ id: s.zone.id }).from(s.zone).where(eq(s.zone.name, zone))} AND ${s.host.removedAt} IS NULL`

  function hinted(demand: Pick<Demand, 'group' | 'lying'>) {
    return db
      .select({
        ...seen(demand),
        architecture: s.hostObserved.architecture,
        hypervisor: s.hostObserved.hypervisor,
        vcpus: s.host.freeVcpus,
        memoryMiB: s.host.freeMemoryMiB,
        diskMiB: s.host.freeDiskMiB,
      })
      .from(s.host)
      .innerJoin(s.agent, eq(s.agent.id, s.host.agent))
      .innerJoin(s.hostObserved, eq(s.hostObserved.host, s.host.id))
  }

  /** What the read leaves out by itself: what `place` would reject, so that the window is of hosts that fit. */
  function fitting({ zone, architecture, vcpus, memoryMiB, diskMiB, group }: Demand): SQL | undefined {
    return and(
      inZone(zone),
      // As the index has it: a bound value would not be known to be 1.
      sql`${s.host.accepting} = 1`,
      gte(s.host.freeMemoryMiB, memoryMiB),
      gte(s.host.freeVcpus, vcpus),
      gte(s.host.freeDiskMiB, diskMiB),
      isNull(s.agent.silentSince),
      eq(s.hostObserved.architecture, architecture),
      group?.strict && group.policy === 'anti-affinity'
        ? notExists(
            db
              .select({ one: sql`1` })
              .from(s.allocation)
              .where(and(inGroup(group), eq(s.allocation.host, s.host.id))),
          )
        : undefined,
    )
  }

  return {
    async ofZone(demand, page) {
      const { zone } = demand
      const rows = await database.read(() =>
        db
          .select({
            ...seen(demand),
            facts: s.hostObserved,
            ratios: { cpuRatio: s.host.cpuRatio, memoryRatio: s.host.memoryRatio, diskRatio: s.host.diskRatio },
            vcpus: used('vcpus'),
            memoryMiB: used('memoryMiB'),
            diskMiB: used('diskMiB'),
          })
          .from(s.host)
          .innerJoin(s.agent, eq(s.agent.id, s.host.agent))
          .leftJoin(s.hostObserved, eq(s.hostObserved.host, s.host.id))
          .where(and(inZone(zone), page.after === null ? undefined : gt(s.host.id, page.after as Id<'host'>)))
          .orderBy(asc(s.host.id))
          .limit(page.limit + 1),
      )
      if (!rows.ok) return rows
      const candidates = rows.value.map(
        ({ facts, ratios, vcpus, memoryMiB, diskMiB, pools, ...host }): Candidate => ({
          ...host,
          pools: poolsIn(pools),
          facts,
          free: freeOf({ ...ratios, facts, used: { vcpus, memoryMiB, diskMiB } }),
        }),
      )
      return ok(paged(candidates, page.limit, host => host.id))
    },
    async roomiest(demand, most) {
      const { group } = demand
      const rows = await database.read(async () => {
        const roomy = hinted(demand).where(fitting(demand)).orderBy(desc(s.host.freeMemoryMiB)).limit(most)
        if (group?.policy !== 'affinity') return roomy
        const theirs = db.selectDistinct({ host: s.allocation.host }).from(s.allocation).where(inGroup(group)).limit(most)
        const [around, others] = await db.batch([hinted(demand).where(inArray(s.host.id, theirs)), roomy])
        const known = new Set(around.map(host => host.id))
        return [...around, ...others.filter(host => !known.has(host.id))]
      })
      return rows.ok ? ok(rows.value.map(candidateOf)) : rows
    },
  }
}

/** As the database says it. */
const poolsIn = (text: string): Record<string, number> => z.record(z.string(), z.number()).parse(JSON.parse(text))

type Hinted = Omit<Candidate, 'facts' | 'free' | 'pools'> & { readonly pools: string } & NonNullable<Candidate['facts']> & Size
const candidateOf = ({ architecture, hypervisor, vcpus, memoryMiB, diskMiB, pools, ...host }: Hinted): Candidate => ({
  ...host,
  pools: poolsIn(pools),
  facts: { architecture, hypervisor },
  free: { vcpus, memoryMiB, diskMiB },
})
