import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import type { WantedMove } from '@sirocco/shared/wire/objects.ts'
import { and, asc, eq, gt, inArray, isNull, or, type SQL, sql } from 'drizzle-orm'
import type { Host } from '../../../domain/hosts/host.ts'
import { desiredOf, type PlacedMachine, wantedMove } from '../../../domain/projection/host.ts'
import type { Secrets } from '../../../ports/secrets.ts'
import type { Store } from '../../../ports/store.ts'
import type { Database } from '../database.ts'
import * as s from '../schema.ts'
import { first, paged } from './page.ts'

export function hostReads(database: Database, secrets: Secrets): Store['hosts'] {
  const { db } = database

  async function load(which: SQL | undefined, limit: number): Promise<Result<Host[]>> {
    return database.read(async () => {
      const chosen = db
        .select({ id: s.host.id })
        .from(s.host)
        .innerJoin(s.zone, eq(s.zone.id, s.host.zone))
        .where(which)
        .orderBy(asc(s.host.id))
        .limit(limit)
      const [hosts, used, orphans] = await db.batch([
        db
          .select({ host: s.host, zone: s.zone.name, region: s.region.name, agent: s.agent, facts: s.hostObserved })
          .from(s.host)
          .innerJoin(s.zone, eq(s.zone.id, s.host.zone))
          .innerJoin(s.region, eq(s.region.id, s.zone.region))
          .innerJoin(s.agent, eq(s.agent.id, s.host.agent))
          .leftJoin(s.hostObserved, eq(s.hostObserved.host, s.host.id))
          .where(which)
          .orderBy(asc(s.host.id))
          .limit(limit),
        db
          .select({
            host: s.allocation.host,
            vcpus: sql<number>`sum(${s.allocation.vcpus})`,
            memoryMiB: sql<number>`sum(${s.allocation.memoryMiB})`,
            diskMiB: sql<number>`sum(${s.allocation.diskMiB})`,
            machines: sql<number>`sum(${s.allocation.consumer} LIKE 'vm\\_%' ESCAPE '\\')`,
          })
          .from(s.allocation)
          .where(and(inArray(s.allocation.host, chosen), isNull(s.allocation.until)))
          .groupBy(s.allocation.host),
        db.select().from(s.orphan).where(inArray(s.orphan.host, chosen)).limit(limits.pageMax),
      ])
      const usedOf = new Map(used.map(({ host, ...sum }) => [host, sum]))
      const orphansOf = Map.groupBy(orphans, row => row.host)
      return hosts.map(({ host, zone, region, agent, facts }) => {
        const { machines, ...size } = usedOf.get(host.id) ?? { machines: 0, vcpus: 0, memoryMiB: 0, diskMiB: 0 }
        return {
          ...host,
          zone,
          region,
          agentVersion: agent.version,
          silentSince: agent.silentSince,
          facts,
          used: size,
          machines,
          orphans: orphansOf.get(host.id) ?? [],
        }
      })
    })
  }

  return {
    async list(page) {
      const found = await load(page.after === null ? undefined : gt(s.host.id, page.after as Id<'host'>), page.limit + 1)
      return found.ok ? ok(paged(found.value, page.limit, h => h.id)) : found
    },
    async find(ids) {
      const found = await load(inArray(s.host.id, ids as Id<'host'>[]), Math.max(1, ids.length))
      if (!found.ok) return found
      const byId = new Map<string, Host>(found.value.map(host => [host.id, host]))
      const missing = ids.find(id => !byId.has(id))
      return missing === undefined
        ? ok(ids.flatMap(id => byId.get(id) ?? []))
        : refuse('not_found', `there is no host ${missing}`, { field: missing })
    },
    async stopped(host) {
      const rows = await database.read(() =>
        db.select({ machine: s.maintenanceStop.machine }).from(s.maintenanceStop).where(eq(s.maintenanceStop.host, host)),
      )
      return rows.ok ? ok(rows.value.map(r => r.machine)) : rows
    },
    ofZone: zone => load(eq(s.zone.name, zone), limits.pageMax),
    async revisions(hosts) {
      const rows = await database.read(() =>
        db
          .select({ id: s.host.id, revision: s.host.revision })
          .from(s.host)
          .where(inArray(s.host.id, [...hosts])),
      )
      return rows.ok ? ok(new Map(rows.value.map(r => [r.id, r.revision]))) : rows
    },
    async desired(host) {
      // Here by a claim of its own, or by that of a move to here; or elsewhere, with something left here.
      const claimed = db
        .select({ id: s.allocation.consumer })
        .from(s.allocation)
        .where(and(eq(s.allocation.host, host), isNull(s.allocation.until)))
      const coming = db
        .select({ id: s.migration.machine })
        .from(s.migration)
        .where(and(eq(s.migration.target, host), isNull(s.migration.endedAt)))
      const left = db.select({ id: s.tombstone.machine }).from(s.tombstone).where(eq(s.tombstone.host, host))
      const live = and(isNull(s.machine.goneAt), or(inArray(s.machine.id, claimed as never), inArray(s.machine.id, coming)))
      const rows = await database.read(() =>
        db.batch([
          db.select({ revision: s.host.revision }).from(s.host).where(eq(s.host.id, host)),
          db
            .select({ machine: s.machine, image: s.image })
            .from(s.machine)
            .innerJoin(s.image, eq(s.image.id, s.machine.image))
            .where(or(live, inArray(s.machine.id, left))),
          db
            .select({ port: s.port, subnet: s.subnet, generation: s.network.generation })
            .from(s.machine)
            .innerJoin(s.port, eq(s.port.machine, s.machine.id))
            .innerJoin(s.subnet, eq(s.subnet.id, s.port.subnet))
            .innerJoin(s.network, eq(s.network.id, s.subnet.network))
            .where(live),
          db
            .select()
            .from(s.migration)
            .where(and(isNull(s.migration.endedAt), or(eq(s.migration.source, host), eq(s.migration.target, host)))),
          db.select().from(s.tombstone).where(eq(s.tombstone.host, host)),
        ]),
      )
      if (!rows.ok) return rows
      const [hosts, machines, ports, migrations, tombstones] = rows.value
      const revision = first(hosts)?.revision
      if (revision === undefined) return refuse('not_found', `there is no host ${host}`)
      const portsOf = Map.groupBy(ports, row => row.port.machine)
      const moveOf = new Map(migrations.map(row => [row.machine, row]))
      const buried = new Map(tombstones.map(row => [row.machine, row]))
      const placed: PlacedMachine[] = []
      for (const { machine, image } of machines) {
        const tombstone = buried.get(machine.id)
        if (tombstone) {
          placed.push({ ...machine, image, userData: '', ports: [], power: 'gone', generation: tombstone.generation })
          continue
        }
        let userData = ''
        if (machine.userData !== null) {
          const opened = await secrets.open(machine.userData, userDataPlace(machine.id))
          if (!opened.ok) return opened
          userData = opened.value.reveal()
        }
        const migration = moveOf.get(machine.id)
        let move: WantedMove | undefined
        if (migration) {
          const secret = await secrets.open(migration.secret, moveSecretPlace(migration.id))
          if (!secret.ok) return secret
          move = wantedMove(migration, host, secret.value.reveal())
        }
        placed.push({
          ...machine,
          image,
          userData,
          ports: (portsOf.get(machine.id) ?? []).sort((a, b) => a.port.position - b.port.position).map(row => row.port),
          ...(move ? { move } : {}),
        })
      }
      const subnets = new Map(ports.map(({ subnet, generation }) => [subnet.id, { ...subnet, generation }]))
      return ok({ revision, objects: desiredOf(placed, [...subnets.values()]) })
    },
    async orphans(host) {
      const rows = await database.read(() =>
        db.select({ machine: s.orphan.machine }).from(s.orphan).where(eq(s.orphan.host, host)),
      )
      return rows.ok ? ok(rows.value.map(r => r.machine)) : rows
    },
    async factsDigest(host) {
      const rows = await database.read(() =>
        db.select({ digest: s.hostObserved.digest }).from(s.hostObserved).where(eq(s.hostObserved.host, host)),
      )
      return rows.ok ? ok(first(rows.value)?.digest ?? null) : rows
    },
  }
}

/** Where a machine's sealed user-data belongs. */
export const userDataPlace = (machine: string): string => `machine|${machine}|user_data`

/** Where a move's sealed key belongs. */
export const moveSecretPlace = (migration: string): string => `migration|${migration}|secret`
