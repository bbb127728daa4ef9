import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { and, asc, eq, gt, inArray, isNotNull, isNull, or, type SQL, sql } from 'drizzle-orm'
import type { Scope } from '../../../domain/access/principal.ts'
import type { Machine } from '../../../domain/machines/machine.ts'
import type { Store } from '../../../ports/store.ts'
import type { Database } from '../database.ts'
import * as s from '../schema.ts'
import { among } from './among.ts'
import { passing } from './machine-filter.ts'
import { paged } from './page.ts'
import { together } from './together.ts'

/** Machines of this host, of these ids. */
interface Placed {
  readonly host: Id<'host'>
  readonly ids: ReadonlySet<string>
}

/** Machines with their three facts, ports, volumes and tags: always one batch of five statements. */
export function machineReads(database: Database): Store['machines'] {
  const { db, clock } = database
  const visible = () => or(isNull(s.machine.goneAt), gt(s.machine.goneAt, clock.now() - limits.goneVisible))
  const within = (scope: Scope) => (scope === 'platform' ? undefined : eq(s.machine.project, scope.project))

  /** The machines that `which` (with `limit`) selects, oldest first. */
  async function load(which: SQL | undefined, limit: number): Promise<Result<Machine[]>> {
    const chosen = db.select({ id: s.machine.id }).from(s.machine).where(which).orderBy(asc(s.machine.id)).limit(limit)
    return database.read(async () => {
      const [machines, ports, groups, volumes, tags] = await db.batch([
        db
          .select({
            machine: s.machine,
            zone: s.zone.name,
            region: s.region.name,
            account: s.project.account,
            imageAlias: s.image.alias,
            groupName: s.placementGroup.name,
            host: s.allocation.host,
            silentSince: s.agent.silentSince,
            observed: s.machineObserved,
            fence: s.fence.id,
          })
          .from(s.machine)
          .innerJoin(s.zone, eq(s.zone.id, s.machine.zone))
          .innerJoin(s.region, eq(s.region.id, s.zone.region))
          .innerJoin(s.project, eq(s.project.id, s.machine.project))
          .leftJoin(s.image, eq(s.image.id, s.machine.image))
          .leftJoin(s.placementGroup, eq(s.placementGroup.id, s.machine.placementGroup))
          .leftJoin(s.allocation, and(eq(s.allocation.consumer, s.machine.id), isNull(s.allocation.until)))
          .leftJoin(s.host, eq(s.host.id, s.allocation.host))
          .leftJoin(s.agent, eq(s.agent.id, s.host.agent))
          .leftJoin(s.machineObserved, eq(s.machineObserved.machine, s.machine.id))
          .leftJoin(s.fence, and(eq(s.fence.host, s.allocation.host), isNotNull(s.fence.at), isNull(s.fence.liftedAt)))
          .where(which)
          .orderBy(asc(s.machine.id))
          .limit(limit),
        db
          .select({ port: s.port, networkAlias: s.network.alias, subnetAlias: s.subnet.alias })
          .from(s.port)
          .innerJoin(s.subnet, eq(s.subnet.id, s.port.subnet))
          .innerJoin(s.network, eq(s.network.id, s.subnet.network))
          .where(inArray(s.port.machine, chosen)),
        db
          .select({ port: s.portGroup.port, id: s.securityGroup.id, alias: s.securityGroup.alias, name: s.securityGroup.name })
          .from(s.port)
          .innerJoin(s.portGroup, eq(s.portGroup.port, s.port.id))
          .innerJoin(s.securityGroup, eq(s.securityGroup.id, s.portGroup.securityGroup))
          .where(inArray(s.port.machine, chosen)),
        db
          .select({
            attachment: s.attachment,
            volume: s.volume,
            pool: { id: s.storagePool.id, type: s.storagePool.type, path: s.storagePool.path },
          })
          .from(s.attachment)
          .innerJoin(s.volume, eq(s.volume.id, s.attachment.volume))
          .innerJoin(s.storagePool, eq(s.storagePool.id, s.volume.pool))
          .where(inArray(s.attachment.machine, chosen)),
        db.select().from(s.tag).where(inArray(s.tag.resource, chosen)),
      ])
      const portsOf = Map.groupBy(ports, row => row.port.machine)
      const groupsOf = Map.groupBy(groups, row => row.port)
      const volumesOf = Map.groupBy(volumes, row => row.attachment.machine)
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
          placementGroupName: row.groupName,
          ports: (portsOf.get(machine.id) ?? [])
            .sort((a, b) => a.port.position - b.port.position)
            .map(({ port, networkAlias, subnetAlias }) => ({
              ...port,
              networkAlias,
              subnetAlias,
              groups: (groupsOf.get(port.id) ?? [])
                .map(({ id, alias, name }) => ({ id, alias, name }))
                .sort((a, b) => (a.id < b.id ? -1 : 1)),
            })),
          volumes: (volumesOf.get(machine.id) ?? [])
            .sort((a, b) => (a.attachment.device < b.attachment.device ? -1 : 1))
            .map(({ attachment: { device, boot, deleteOnTermination, at }, volume, pool }) => ({
              id: volume.id,
              alias: volume.alias,
              device,
              boot,
              deleteOnTermination,
              attachedAt: at,
              sizeMiB: volume.sizeMiB,
              pool,
              deleted: volume.deleted,
              generation: volume.generation,
              version: volume.version,
            })),
          tags: Object.fromEntries((tagsOf.get(machine.id) ?? []).map(({ key, value }) => [key, value])),
          observed,
          observerAlive: row.silentSince === null,
          fenced: row.fence !== null,
        } satisfies Machine
      })
    })
  }

  const onHosts = together<Placed, readonly Machine[]>(async asked => {
    const ids = [...new Set(asked.flatMap(each => [...each.ids]))]
    const hosts = [...new Set(asked.map(each => each.host))]
    const found = await load(
      and(
        among(s.machine.id, ids),
        sql`EXISTS (SELECT 1 FROM allocation a WHERE a.consumer = ${s.machine.id} AND a.until IS NULL AND ${among(sql`a.host`, hosts)})`,
      ),
      Math.max(1, ids.length),
    )
    return found.ok ? ok(({ host, ids }) => found.value.filter(machine => machine.host === host && ids.has(machine.id))) : found
  })

  return {
    async find(scope, refs) {
      const found = await load(
        and(within(scope), or(among(s.machine.id, refs), among(s.machine.alias, refs)), visible()),
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
    async list(scope, page, filter) {
      const after = page.after === null ? undefined : gt(s.machine.id, page.after as Id<'machine'>)
      const which = and(within(scope), after, visible())
      if (!filter) {
        const found = await load(which, page.limit + 1)
        return found.ok ? ok(paged(found.value, page.limit, m => m.id)) : found
      }
      // Their ids first: what a filter leaves out is walked over once, not by each statement of a load.
      const ids = await database.read(() =>
        db
          .select({ id: s.machine.id })
          .from(s.machine)
          .where(and(which, passing(filter, scope)))
          .orderBy(asc(s.machine.id))
          .limit(page.limit + 1),
      )
      if (!ids.ok) return ids
      const some = paged(ids.value, page.limit, row => row.id)
      if (some.items.length === 0) return ok({ items: [], next: null })
      const chosen = some.items.map(row => row.id)
      const found = await load(and(within(scope), among(s.machine.id, chosen)), chosen.length)
      return found.ok ? ok({ items: found.value, next: some.next }) : found
    },
    onHost: (host, ids) => onHosts({ host, ids: new Set(ids) }),
    async ofHost(host, page) {
      const found = await load(
        and(
          sql`${s.machine.id} IN (SELECT consumer FROM allocation WHERE host = ${host} AND until IS NULL)`,
          isNull(s.machine.goneAt),
          page.after === null ? undefined : gt(s.machine.id, page.after as Id<'machine'>),
        ),
        page.limit + 1,
      )
      return found.ok ? ok(paged(found.value, page.limit, m => m.id)) : found
    },
    async deleted(ids) {
      const rows = await database.read(() =>
        db
          .select({ id: s.machine.id })
          .from(s.machine)
          .where(and(among(s.machine.id, ids), isNotNull(s.machine.goneAt))),
      )
      return rows.ok ? ok(rows.value.map(({ id }) => id)) : rows
    },
    async left(machine) {
      const rows = await database.read(() =>
        db.select({ host: s.tombstone.host }).from(s.tombstone).where(eq(s.tombstone.subject, machine)),
      )
      return rows.ok ? ok(rows.value.map(r => r.host)) : rows
    },
    async forgettable(before, limit) {
      const rows = await database.read(() =>
        db.select({ id: s.machine.id }).from(s.machine).where(sql`${s.machine.goneAt} < ${before}`).limit(limit),
      )
      return rows.ok ? ok(rows.value.map(r => r.id)) : rows
    },
  }
}
