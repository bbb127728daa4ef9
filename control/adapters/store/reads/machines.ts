import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { and, asc, eq, gt, inArray, isNull, or, type SQL, sql } from 'drizzle-orm'
import type { Scope } from '../../../domain/access/principal.ts'
import type { Machine } from '../../../domain/machines/machine.ts'
import type { Store } from '../../../ports/store.ts'
import type { Database } from '../database.ts'
import * as s from '../schema.ts'
import { paged } from './page.ts'
import { together } from './together.ts'

/** Machines of this host, of these ids. */
interface Placed {
  readonly host: Id<'host'>
  readonly ids: ReadonlySet<string>
}

/** Machines with their three facts, ports and tags: always one batch of three statements. */
export function machineReads(database: Database): Store['machines'] {
  const { db, clock } = database
  const visible = () => or(isNull(s.machine.goneAt), gt(s.machine.goneAt, clock.now() - limits.goneVisible))
  const within = (scope: Scope) => (scope === 'platform' ? undefined : eq(s.machine.project, scope.project))

  /** The machines that `which` (with `limit`) selects, oldest first. */
  async function load(which: SQL | undefined, limit: number): Promise<Result<Machine[]>> {
    const chosen = db.select({ id: s.machine.id }).from(s.machine).where(which).orderBy(asc(s.machine.id)).limit(limit)
    return database.read(async () => {
      const [machines, ports, tags] = await db.batch([
        db
          .select({
            machine: s.machine,
            zone: s.zone.name,
            region: s.region.name,
            account: s.project.account,
            imageAlias: s.image.alias,
            host: s.allocation.host,
            silentSince: s.agent.silentSince,
            observed: s.machineObserved,
          })
          .from(s.machine)
          .innerJoin(s.zone, eq(s.zone.id, s.machine.zone))
          .innerJoin(s.region, eq(s.region.id, s.zone.region))
          .innerJoin(s.project, eq(s.project.id, s.machine.project))
          .leftJoin(s.image, eq(s.image.id, s.machine.image))
          .leftJoin(s.allocation, and(eq(s.allocation.consumer, s.machine.id), isNull(s.allocation.until)))
          .leftJoin(s.host, eq(s.host.id, s.allocation.host))
          .leftJoin(s.agent, eq(s.agent.id, s.host.agent))
          .leftJoin(s.machineObserved, eq(s.machineObserved.machine, s.machine.id))
          .where(which)
          .orderBy(asc(s.machine.id))
          .limit(limit),
        db
          .select({ port: s.port, networkAlias: s.network.alias, subnetAlias: s.subnet.alias })
          .from(s.port)
          .innerJoin(s.subnet, eq(s.subnet.id, s.port.subnet))
          .innerJoin(s.network, eq(s.network.id, s.subnet.network))
          .where(inArray(s.port.machine, chosen)),
        db.select().from(s.tag).where(inArray(s.tag.resource, chosen)),
      ])
      const portsOf = Map.groupBy(ports, row => row.port.machine)
      const tagsOf = Map.groupBy(tags, row => row.resource)
      return machines.map(row => {
        const { machine, observed } = row
        return {
          ...machine,
          account: row.account,
          zone: row.zone,
          region: row.region,
          host: row.host,
          imageAlias: row.imageAlias ?? '',
          ports: (portsOf.get(machine.id) ?? [])
            .sort((a, b) => a.port.position - b.port.position)
            .map(({ port, networkAlias, subnetAlias }) => ({ ...port, networkAlias, subnetAlias })),
          tags: Object.fromEntries((tagsOf.get(machine.id) ?? []).map(({ key, value }) => [key, value])),
          observed,
          observerAlive: row.silentSince === null,
        } satisfies Machine
      })
    })
  }

  const onHosts = together<Placed, readonly Machine[]>(async asked => {
    const ids = [...new Set(asked.flatMap(each => [...each.ids]))] as Id<'machine'>[]
    const hosts = [...new Set(asked.map(each => each.host))]
    const found = await load(
      and(
        inArray(s.machine.id, ids),
        sql`EXISTS (SELECT 1 FROM allocation a WHERE a.consumer = ${s.machine.id} AND a.until IS NULL AND ${inArray(sql`a.host`, hosts)})`,
      ),
      Math.max(1, ids.length),
    )
    return found.ok ? ok(({ host, ids }) => found.value.filter(machine => machine.host === host && ids.has(machine.id))) : found
  })

  return {
    async find(scope, refs) {
      const found = await load(
        and(within(scope), or(inArray(s.machine.id, refs as Id<'machine'>[]), inArray(s.machine.alias, [...refs])), visible()),
        refs.length,
      )
      if (!found.ok) return found
      const byRef = new Map(found.value.flatMap(m => [[m.id as string, m] as const, [m.alias, m] as const]))
      const machines: Machine[] = []
      for (const ref of refs) {
        const machine = byRef.get(ref)
        if (!machine) return refuse('not_found', `there is no machine ${ref}`, { field: ref })
        machines.push(machine)
      }
      return ok(machines)
    },
    async list(scope, page) {
      const after = page.after === null ? undefined : gt(s.machine.id, page.after as Id<'machine'>)
      const found = await load(and(within(scope), after, visible()), page.limit + 1)
      return found.ok ? ok(paged(found.value, page.limit, m => m.id)) : found
    },
    onHost: (host, ids) => onHosts({ host, ids: new Set(ids) }),
    async ofHost(host, page) {
      const on = db
        .select({ id: s.allocation.consumer })
        .from(s.allocation)
        .where(and(eq(s.allocation.host, host), isNull(s.allocation.until)))
      const after = page.after === null ? undefined : gt(s.machine.id, page.after as Id<'machine'>)
      const found = await load(and(inArray(s.machine.id, on as never), after, isNull(s.machine.goneAt)), page.limit + 1)
      return found.ok ? ok(paged(found.value, page.limit, m => m.id)) : found
    },
    async forgettable(before, limit) {
      const rows = await database.read(() =>
        db.select({ id: s.machine.id }).from(s.machine).where(sql`${s.machine.goneAt} < ${before}`).limit(limit),
      )
      return rows.ok ? ok(rows.value.map(r => r.id)) : rows
    },
  }
}
