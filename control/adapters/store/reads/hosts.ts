import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import type { Wanted } from '@sirocco/shared/wire/objects.ts'
import { and, asc, eq, gt, inArray, isNotNull, isNull, or, type SQL, sql } from 'drizzle-orm'
import type { Host } from '../../../domain/hosts/host.ts'
import type { Tombstone } from '../../../domain/machines/tombstone.ts'
import {
  desiredOf,
  type PlacedMachine,
  type PlacedPlace,
  type PlacedSnapshot,
  type PlacedTombstone,
  type PlacedVolume,
  wantedMove,
} from '../../../domain/projection/host.ts'
import { wantedBackup, wantedImport } from '../../../domain/projection/works.ts'
import { cephKeyPlace } from '../../../domain/volumes/pool.ts'
import type { Secrets } from '../../../ports/secrets.ts'
import type { Store } from '../../../ports/store.ts'
import type { Database } from '../database.ts'
import * as s from '../schema.ts'
import { among } from './among.ts'
import { neighbourQuery, neighboursOf } from './neighbours.ts'
import { paged } from './page.ts'
import { type Security, securityOf, securityQueries } from './placed-groups.ts'
import { together } from './together.ts'

/** In rescue it boots by another image than its own. */
const bootsBy = sql`CASE WHEN ${s.machine.rescueVolume} IS NULL THEN ${s.machine.image} ELSE ${s.machine.rescueImage} END`

/** A machine, what it boots by, and the move that it is part of. */
interface Rows {
  readonly machine: typeof s.machine.$inferSelect
  readonly image: typeof s.image.$inferSelect
  readonly migration: typeof s.migration.$inferSelect | null
}

export function hostReads(database: Database, secrets: Secrets): Omit<Store['hosts'], 'ofZone' | 'roomiest'> {
  const { db } = database

  async function load(which: SQL | undefined, limit: number): Promise<Result<Host[]>> {
    return database.read(async () => {
      const chosen = db
        .select({ id: s.host.id })
        .from(s.host)
        .innerJoin(s.zone, eq(s.zone.id, s.host.zone))
        .where(and(which, isNull(s.host.removedAt)))
        .orderBy(asc(s.host.id))
        .limit(limit)
      const [hosts, used, orphans] = await db.batch([
        db
          .select({
            host: s.host,
            zone: s.zone.name,
            region: s.region.name,
            agent: s.agent,
            facts: s.hostObserved,
            fence: s.fence,
            power: s.hostPower,
          })
          .from(s.host)
          .innerJoin(s.zone, eq(s.zone.id, s.host.zone))
          .innerJoin(s.region, eq(s.region.id, s.zone.region))
          .innerJoin(s.agent, eq(s.agent.id, s.host.agent))
          .leftJoin(s.hostObserved, eq(s.hostObserved.host, s.host.id))
          .leftJoin(s.fence, and(eq(s.fence.host, s.host.id), isNotNull(s.fence.at), isNull(s.fence.liftedAt)))
          .leftJoin(s.hostPower, eq(s.hostPower.host, s.host.id))
          .where(and(which, isNull(s.host.removedAt)))
          .orderBy(asc(s.host.id))
          .limit(limit),
        db
          .select({
            host: s.allocation.host,
            vcpus: sql<number>`sum(${s.allocation.vcpus})`,
            memoryMiB: sql<number>`sum(${s.allocation.memoryMiB})`,
            diskMiB: sql<number>`sum(${s.allocation.diskMiB})`,
            // Volumes and snapshots claim, too.
            machines: sql<number>`sum(${s.allocation.consumer} GLOB 'vm[_]*')`,
          })
          .from(s.allocation)
          .where(and(inArray(s.allocation.host, chosen), isNull(s.allocation.until)))
          .groupBy(s.allocation.host),
        db.select().from(s.orphan).where(inArray(s.orphan.host, chosen)).limit(limits.pageMax),
      ])
      const usedOf = new Map(used.map(({ host, ...sum }) => [host, sum]))
      const orphansOf = Map.groupBy(orphans, row => row.host)
      return hosts.map(({ host, zone, region, agent, facts, fence, power }) => {
        const { machines, ...size } = usedOf.get(host.id) ?? { machines: 0, vcpus: 0, memoryMiB: 0, diskMiB: 0 }
        return {
          ...host,
          zone,
          region,
          agentVersion: agent.version,
          agentBundle: agent.bundle,
          agentProtocol: agent.protocol,
          silentSince: agent.silentSince,
          epoch: agent.epoch,
          bootId: agent.bootId,
          clonedAt: agent.clonedAt,
          fenced: fence && fence.at !== null ? { how: fence.how, by: fence.by, at: fence.at } : null,
          power: power && {
            way: power.way,
            address: power.address,
            port: power.port,
            username: power.username,
            pin: power.pin,
            system: power.system,
          },
          facts,
          used: size,
          machines,
          orphans: orphansOf.get(host.id) ?? [],
        }
      })
    })
  }

  const desired = together(async (hosts: readonly Id<'host'>[]) => {
    const onHosts = and(among(s.allocation.host, hosts), isNull(s.allocation.until))
    const live = and(onHosts, isNull(s.machine.goneAt))
    const coming = and(among(s.migration.target, hosts), isNull(s.migration.endedAt))
    const rows = await database.read(() =>
      db.batch([
        // Once for each pool of its zone that has a directory.
        db
          .select({
            host: s.host.id,
            revision: s.host.revision,
            underlay: s.hostObserved.underlay,
            pool: s.storagePool,
          })
          .from(s.host)
          .leftJoin(s.hostObserved, eq(s.hostObserved.host, s.host.id))
          .leftJoin(s.storagePool, and(eq(s.storagePool.zone, s.host.zone), isNotNull(s.storagePool.path)))
          .where(among(s.host.id, hosts)),
        db
          .select({ host: s.allocation.host, machine: s.machine, image: s.image })
          .from(s.allocation)
          .innerJoin(s.machine, eq(s.machine.id, s.allocation.consumer))
          .innerJoin(s.image, eq(s.image.id, bootsBy))
          .where(live),
        db
          .select({ host: s.allocation.host, port: s.port, subnet: s.subnet, generation: s.network.generation })
          .from(s.allocation)
          .innerJoin(s.machine, eq(s.machine.id, s.allocation.consumer))
          .innerJoin(s.port, eq(s.port.machine, s.machine.id))
          .innerJoin(s.subnet, eq(s.subnet.id, s.port.subnet))
          .innerJoin(s.network, eq(s.network.id, s.subnet.network))
          .where(live),
        db
          .select({
            host: s.allocation.host,
            volume: s.volume,
            attachment: s.attachment,
            pool: s.storagePool,
            image: { id: s.image.id, files: s.image.files },
          })
          .from(s.allocation)
          .innerJoin(s.volume, eq(s.volume.id, s.allocation.consumer))
          .innerJoin(s.storagePool, eq(s.storagePool.id, s.volume.pool))
          .leftJoin(s.attachment, eq(s.attachment.volume, s.volume.id))
          .leftJoin(s.image, eq(s.image.id, s.volume.sourceImage))
          .where(and(onHosts, isNull(s.volume.goneAt))),
        db
          .select({ host: s.allocation.host, snapshot: s.snapshot, pool: s.storagePool })
          .from(s.allocation)
          .innerJoin(s.snapshot, eq(s.snapshot.id, s.allocation.consumer))
          .innerJoin(s.storagePool, eq(s.storagePool.id, s.snapshot.pool))
          .where(and(onHosts, isNull(s.snapshot.goneAt))),
        // On their way here: their claim is their move's until they have arrived.
        db
          .select({ host: s.migration.target, machine: s.machine, image: s.image })
          .from(s.migration)
          .innerJoin(s.machine, eq(s.machine.id, s.migration.machine))
          .innerJoin(s.image, eq(s.image.id, bootsBy))
          .where(coming),
        db
          .select({ host: s.migration.target, port: s.port, subnet: s.subnet, generation: s.network.generation })
          .from(s.migration)
          .innerJoin(s.port, eq(s.port.machine, s.migration.machine))
          .innerJoin(s.subnet, eq(s.subnet.id, s.port.subnet))
          .innerJoin(s.network, eq(s.network.id, s.subnet.network))
          .where(coming),
        db
          .select({
            host: s.migration.target,
            volume: s.volume,
            attachment: s.attachment,
            pool: s.storagePool,
            image: { id: s.image.id, files: s.image.files },
          })
          .from(s.migration)
          .innerJoin(s.volume, sql`${s.volume.id} IN (SELECT value FROM json_each(${s.migration.volumes}))`)
          .innerJoin(s.storagePool, eq(s.storagePool.id, s.volume.pool))
          .leftJoin(s.attachment, eq(s.attachment.volume, s.volume.id))
          .leftJoin(s.image, eq(s.image.id, s.volume.sourceImage))
          .where(and(coming, isNull(s.volume.goneAt))),
        db
          .select()
          .from(s.migration)
          .where(and(isNull(s.migration.endedAt), or(among(s.migration.source, hosts), among(s.migration.target, hosts)))),
        // Elsewhere now, or nowhere, with something left here.
        db
          .select({ tombstone: s.tombstone, pool: s.storagePool, volume: { id: s.volume.id, goneAt: s.volume.goneAt } })
          .from(s.tombstone)
          .leftJoin(s.storagePool, eq(s.storagePool.id, s.tombstone.pool))
          .leftJoin(s.volume, eq(s.volume.id, s.tombstone.subject))
          .where(among(s.tombstone.host, hosts)),
        db
          .select({ host: s.imageImport.host, id: s.image.id, generation: s.image.generation, source: s.imageImport.source })
          .from(s.imageImport)
          .innerJoin(s.image, eq(s.image.id, s.imageImport.image))
          .where(among(s.imageImport.host, hosts)),
        db
          .select({
            host: s.backup.host,
            id: s.backup.id,
            generation: s.backup.generation,
            snapshot: s.backup.snapshot,
            volume: s.backup.volume,
            base: s.backup.base,
          })
          .from(s.backup)
          .where(among(s.backup.host, hosts)),
        neighbourQuery(db, hosts),
        ...securityQueries(db, hosts),
      ]),
    )
    if (!rows.ok) return rows
    const [
      found,
      machines,
      ports,
      volumes,
      snapshots,
      comingMachines,
      comingPorts,
      comingVolumes,
      migrations,
      left,
      imports,
      backups,
      beside,
      ...security
    ] = rows.value
    const joined = found.filter(({ underlay }) => underlay !== null)
    const neighbours = neighboursOf(joined, beside)
    const groups = securityOf(...security)
    const leftOn = Map.groupBy(left, row => row.tombstone.host)
    const revisions = new Map(found.map(row => [row.host, row.revision]))
    const machinesOf = Map.groupBy([...machines, ...comingMachines], row => row.host)
    const portsOn = Map.groupBy([...ports, ...comingPorts], row => row.host)
    const volumesOn = Map.groupBy(
      [
        ...volumes.map(row => ({ ...row, coming: false })),
        ...comingVolumes.map(row => ({ ...row, volume: anew(row.volume), coming: true })),
      ],
      row => row.host,
    )
    const snapshotsOn = Map.groupBy(snapshots, row => row.host)
    const importsOn = Map.groupBy(imports, row => row.host)
    const poolsOf = Map.groupBy(found, row => row.host)
    const backupsOn = Map.groupBy(backups, row => row.host)
    return ok(async (host: Id<'host'>) => {
      const revision = revisions.get(host)
      if (revision === undefined) return refuse('not_found', `there is no host ${host}`)
      const keyed = await withKeys((poolsOf.get(host) ?? []).flatMap(({ pool }) => pool ?? []))
      if (!keyed.ok) return keyed
      const moves = migrations.filter(({ source, target }) => source === host || target === host)
      return wantedOf(
        host,
        revision,
        (machinesOf.get(host) ?? []).map(({ machine, image }) => ({
          machine,
          image,
          migration: moves.find(move => move.machine === machine.id) ?? null,
        })),
        portsOn.get(host) ?? [],
        (volumesOn.get(host) ?? []).map(({ volume, attachment, pool, image, coming }) => ({
          ...volume,
          kept: volume.keptOn === host,
          taken: coming || volume.keptOn !== null,
          attachment,
          pool,
          image,
        })),
        (snapshotsOn.get(host) ?? []).map(({ snapshot, pool }) => ({ ...snapshot, kept: snapshot.keptOn === host, pool })),
        (leftOn.get(host) ?? []).map(({ tombstone, pool, volume }) => ({
          ...tombstone,
          pool,
          lives: volume !== null && volume.goneAt === null,
        })),
        keyed.value,
        [...(importsOn.get(host) ?? []).map(wantedImport), ...(backupsOn.get(host) ?? []).map(wantedBackup)],
        groups,
        neighbours,
      )
    })
  })

  /** Pools as their hosts must know them, keys opened. */
  async function withKeys(pools: readonly (typeof s.storagePool.$inferSelect)[]): Promise<Result<readonly PlacedPlace[]>> {
    const places: PlacedPlace[] = []
    for (const { id, type, path, ceph, cephKey } of pools) {
      const key = cephKey === null ? null : await secrets.open(cephKey, cephKeyPlace(id))
      if (key && !key.ok) return key
      places.push({ id, type, path, ceph, key: key === null ? null : key.value.reveal() })
    }
    return ok(places)
  }

  /** What these rows of one host come to, user-data opened. */
  async function wantedOf(
    host: Id<'host'>,
    revision: number,
    machines: readonly Rows[],
    ports: readonly { port: typeof s.port.$inferSelect; subnet: typeof s.subnet.$inferSelect; generation: number }[],
    volumes: readonly PlacedVolume[],
    snapshots: readonly PlacedSnapshot[],
    left: readonly PlacedTombstone[],
    pools: readonly PlacedPlace[],
    works: readonly Wanted[],
    security: Security,
    neighbours: ReturnType<typeof neighboursOf>,
  ): Promise<Result<{ revision: number; objects: readonly Wanted[] }>> {
    const portsOf = Map.groupBy(ports, row => row.port.machine)
    const placed: PlacedMachine[] = []
    for (const { machine, image, migration } of machines) {
      let userData = ''
      if (machine.userData !== null) {
        const opened = await secrets.open(machine.userData, userDataPlace(machine.id))
        if (!opened.ok) return opened
        userData = opened.value.reveal()
      }
      const secret = migration ? await secrets.open(migration.secret, moveSecretPlace(migration.id)) : null
      if (secret && !secret.ok) return secret
      placed.push({
        ...machine,
        image,
        userData,
        ...(migration && secret ? { move: wantedMove(migration, host, secret.value.reveal()) } : {}),
        ports: (portsOf.get(machine.id) ?? [])
          .sort((a, b) => a.port.position - b.port.position)
          .map(({ port }) => ({ ...port, groups: security.groupsOf(port.id) })),
      })
    }
    const groups = security.placed(ports.map(({ port }) => port.id))
    const rows = new Map(ports.map(({ subnet, generation }) => [subnet.id, { ...subnet, generation }]))
    const beside = neighbours(host, rows.keys())
    const subnets = [...rows.values()].map(subnet => (beside === null ? { ...subnet, vni: null } : subnet))
    const objects = desiredOf(placed, subnets, volumes, snapshots, left, groups, beside ?? [], pools)
    return ok({ revision, objects: [...objects, ...works] })
  }

  const tombstonesOf = together(async (hosts: readonly Id<'host'>[]) => {
    const rows = await database.read(() => db.select().from(s.tombstone).where(among(s.tombstone.host, hosts)))
    if (!rows.ok) return rows
    const found = Map.groupBy(rows.value, row => row.host)
    return ok((host: Id<'host'>): readonly Tombstone[] => found.get(host) ?? [])
  })

  const digestOf = together(async (hosts: readonly Id<'host'>[]) => {
    const rows = await database.read(() =>
      db
        .select({ host: s.hostObserved.host, digest: s.hostObserved.digest })
        .from(s.hostObserved)
        .where(among(s.hostObserved.host, hosts)),
    )
    if (!rows.ok) return rows
    const found = new Map(rows.value.map(row => [row.host, row.digest]))
    return ok((host: Id<'host'>) => found.get(host) ?? null)
  })

  return {
    async list(page) {
      const found = await load(page.after === null ? undefined : gt(s.host.id, page.after as Id<'host'>), page.limit + 1)
      return found.ok ? ok(paged(found.value, page.limit, h => h.id)) : found
    },
    async find(ids) {
      const found = await load(among(s.host.id, ids), Math.max(1, ids.length))
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
    tombstones: tombstonesOf,
    async fence(host, generation) {
      const rows = await database.read(() =>
        db
          .select()
          .from(s.fence)
          .where(and(eq(s.fence.host, host), eq(s.fence.generation, generation))),
      )
      if (!rows.ok) return rows
      const [found] = rows.value
      return ok(found ? { how: found.how, by: found.by, at: found.at } : null)
    },
    async upgrade(host, generation) {
      const rows = await database.read(() =>
        db
          .select()
          .from(s.agentUpgrade)
          .where(and(eq(s.agentUpgrade.host, host), eq(s.agentUpgrade.generation, generation))),
      )
      return rows.ok ? ok(rows.value[0] ?? null) : rows
    },
    async power(host) {
      const rows = await database.read(() => db.select().from(s.hostPower).where(eq(s.hostPower.host, host)))
      if (!rows.ok) return rows
      const [found] = rows.value
      if (!found) return ok(null)
      const { host: _, ...power } = found
      return ok(power)
    },
    async revisions(hosts) {
      const rows = await database.read(() =>
        db.select({ id: s.host.id, revision: s.host.revision }).from(s.host).where(among(s.host.id, hosts)),
      )
      return rows.ok ? ok(new Map(rows.value.map(r => [r.id, r.revision]))) : rows
    },
    async desired(host) {
      const found = await desired(host)
      return found.ok ? found.value : found
    },
    factsDigest: digestOf,
  }
}

/** A volume on another host than its own: what it is made from, or went back to, may be on that alone, and everything in it is copied. */
const anew = (volume: typeof s.volume.$inferSelect) => ({
  ...volume,
  ...(volume.sourceKind === 'snapshot' || volume.sourceKind === 'backup'
    ? { sourceKind: 'nothing' as const, sourceSnapshot: null, sourceBackup: null }
    : {}),
  revertSnapshot: null,
  revertTurn: null,
})

/** Where a machine's sealed user-data belongs. */
export const userDataPlace = (machine: string): string => `machine|${machine}|user_data`

/** Where a move's sealed key belongs. */
export const moveSecretPlace = (migration: string): string => `migration|${migration}|secret`
