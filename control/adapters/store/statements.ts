import type { InStatement } from '@libsql/client/web'
import { type Id, isId } from '@sirocco/shared/kit/id.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { sharedPools } from '@sirocco/shared/model/volumes/states.ts'
import { and, eq, isNotNull, isNull, lte, or, type SQL, sql } from 'drizzle-orm'
import { shardOf } from '../../domain/operations/shard.ts'
import type { Grouping } from '../../domain/placement/group.ts'
import type { Lying } from '../../domain/volumes/pool.ts'
import type { Change, NewMachine } from '../../ports/changes.ts'
import { backupWrites } from './backup-writes.ts'
import type { Database } from './database.ts'
import { type Built, insertRows, putNewer, updateRows } from './insert-rows.ts'
import { networkWrites, touchNeighboursOf, touchWhereJoined } from './network-writes.ts'
import { priceWrites } from './price-writes.ts'
import { quotaGuards } from './quota.ts'
import { roomSql } from './room.ts'
import * as s from './schema.ts'
import { securityWrites, touchPeersOf } from './security-writes.ts'
import { signInWrites } from './sign-in-writes.ts'
import { stoodOn } from './stood-on.ts'
import { tenancyWrites } from './tenancy-writes.ts'
import { usageWrites } from './usage-writes.ts'
import { webhookWrites } from './webhook-writes.ts'
import { type At, statement, unless, type Write } from './write.ts'

const machineRow = (machine: NewMachine, now: number): typeof s.machine.$inferInsert => ({
  ...machine,
  createdAt: now,
  power: 'on',
  generation: 1,
  version: 1,
})

type Started = Extract<Change, { do: 'operation.start' }>['operation']
const operationRow = (operation: Started, now: number): typeof s.operation.$inferInsert => ({
  ...operation,
  shard: shardOf(operation.subject),
  state: 'running',
  step: 0,
  tries: 0,
  version: 1,
  wakeAt: now,
  createdAt: now,
})

type Told = Extract<Change, { do: 'event' }>
const eventRow = ({ project, type, subject, data = {} }: Told, { ids }: Database, now: number): typeof s.event.$inferInsert => ({
  id: ids.make('event'),
  project,
  type,
  subject,
  data,
  at: now,
})

/** A volume on another host is what was copied, or made anew: it goes back to nothing there. */
const neverWentBack = { revertSnapshot: null, revertTurn: null }

/** Volumes that move with their machine. */
const volumesOfMove = (migration: Id<'migration'>): SQL =>
  sql`SELECT value FROM json_each((SELECT volumes FROM migration WHERE id = ${migration}))`

/** Nobody asked anything of the volume since its machine began to move. */
const unchanged = (migration: Id<'migration'>): SQL =>
  sql`deleted = 0 AND id IN (SELECT a.volume FROM attachment a JOIN migration m ON m.machine = a.machine WHERE m.id = ${migration})`

/** The part of a claim's guard that is of a pool: it is on the host, and what is claimed in it leaves room; of a shared one, by all hosts. */
const roomIn = ({ pool, shared }: Lying, miB: number): SQL => sql`AND EXISTS (
  SELECT 1 FROM host_pool p WHERE p.host = h.id AND p.pool = ${pool} AND p.fault IS NULL
  AND coalesce((SELECT sum(a.${sql.identifier('poolMiB')}) FROM allocation a WHERE a.pool = ${pool} AND a.until IS NULL ${shared ? sql`` : sql`AND a.host = h.id`}), 0)
    + ${miB} <= p.${sql.identifier('totalMiB')} * h.${sql.identifier('diskRatio')})`

/** The part of a claim's guard that a placement group adds: it is still there, and a strict one stays what it is with this claim. */
function keeps({ id, policy, strict }: Grouping): SQL {
  const there = sql`AND EXISTS (SELECT 1 FROM placement_group WHERE id = ${id})`
  if (!strict) return there
  const live = sql`SELECT 1 FROM allocation g WHERE g.${sql.identifier('placementGroup')} = ${id} AND g.until IS NULL`
  const onHost = sql`EXISTS (${live} AND g.host = h.id)`
  return policy === 'anti-affinity' ? sql`${there} AND NOT ${onHost}` : sql`${there} AND (${onHost} OR NOT EXISTS (${live}))`
}

/** How each change is written. */
const writes: { readonly [D in Exclude<Change['do'], Gathered>]: Write<D> } = {
  'machine.intent': ({ machine, version, generation, power }, { database: { db } }) => [
    db
      .update(s.machine)
      .set({ power, generation, version: version + 1, failure: null })
      .where(and(eq(s.machine.id, machine), eq(s.machine.version, version))),
    unless('stale'),
  ],
  'machine.update': ({ machine, version, set }, { database: { db } }) => [
    db
      .update(s.machine)
      .set({ ...set, version: version + 1 })
      .where(and(eq(s.machine.id, machine), eq(s.machine.version, version))),
    unless('stale'),
  ],
  'machine.ran': ({ machine }, { database: { db }, now }) => [
    db
      .update(s.machine)
      .set({ ranAt: now })
      .where(and(eq(s.machine.id, machine), isNull(s.machine.ranAt))),
  ],
  'machine.fail': ({ machine, generation, fault, discard }, { database: { db } }) => [
    db
      .update(s.machine)
      .set({
        failure: fault,
        version: sql`${s.machine.version} + 1`,
        ...(discard ? { power: 'gone' as const, generation: generation + 1 } : {}),
      })
      .where(and(eq(s.machine.id, machine), eq(s.machine.generation, generation))),
    unless('stale'),
  ],
  'machine.gone': ({ machine, generation }, { database: { db }, now }) => [
    db
      .update(s.machine)
      .set({ goneAt: now, userData: null, version: sql`${s.machine.version} + 1` })
      .where(and(eq(s.machine.id, machine), eq(s.machine.generation, generation))),
    unless('stale'),
  ],
  'machine.recover': ({ machine, version, recover }, { database: { db } }) => [
    db
      .update(s.machine)
      .set({ recover, version: version + 1 })
      .where(and(eq(s.machine.id, machine), eq(s.machine.version, version))),
    unless('stale'),
  ],
  'machine.moved': ({ machine, version, volumes, fresh }, { database: { db } }) => [
    db
      .update(s.machine)
      .set({ version: version + 1 })
      .where(and(eq(s.machine.id, machine), eq(s.machine.version, version))),
    unless('stale'),
    sql`INSERT INTO guard (stale) SELECT 1 WHERE EXISTS (SELECT 1 FROM attachment WHERE machine = ${machine} AND volume NOT IN (SELECT value FROM json_each(${JSON.stringify(volumes)})))`,
    db.delete(s.machineObserved).where(eq(s.machineObserved.machine, machine)),
    ...(fresh === null
      ? []
      : [
          db.delete(s.volumeObserved).where(eq(s.volumeObserved.volume, fresh)),
          db.update(s.volume).set(neverWentBack).where(eq(s.volume.id, fresh)),
        ]),
  ],
  'tombstone.insert': ({ host, subject }, { now }) => [
    sql`INSERT INTO tombstone (host, subject, generation, pool, at)
      SELECT ${host}, id, generation + 1, ${isId('volume', subject) ? sql`pool` : sql`NULL`}, ${now}
      FROM ${isId('volume', subject) ? sql`volume` : sql`machine`} WHERE id = ${subject}
      ON CONFLICT (host, subject) DO UPDATE SET generation = excluded.generation, at = excluded.at`,
  ],
  'tombstone.gone': ({ host, subject }, { database: { db } }) => [
    db.delete(s.tombstone).where(and(eq(s.tombstone.host, host), eq(s.tombstone.subject, subject))),
  ],
  'host.intent': ({ host, generation }, { database: { db } }) => [
    db
      .update(s.host)
      .set({ generation: generation + 1 })
      .where(and(eq(s.host.id, host), eq(s.host.generation, generation))),
    unless('stale'),
  ],
  'agent-upgrade.ask': ({ agent, ...upgrade }, { database: { db }, now }) => [
    db
      .update(s.agentUpgrade)
      .set({ endedAt: now, why: 'another was asked for' })
      .where(and(eq(s.agentUpgrade.agent, agent), isNull(s.agentUpgrade.endedAt))),
    db.insert(s.agentUpgrade).values({ agent, ...upgrade }),
  ],
  'agent-upgrade.end': ({ host, generation, why }, { database: { db }, now }) => [
    db
      .update(s.agentUpgrade)
      .set({ endedAt: now, why })
      .where(and(eq(s.agentUpgrade.host, host), eq(s.agentUpgrade.generation, generation), isNull(s.agentUpgrade.endedAt))),
  ],
  'agent.said': ({ agent, ...said }, { database: { db } }) => [db.update(s.agent).set(said).where(eq(s.agent.id, agent))],
  'fence.ask': ({ id, host, how, by, generation, epoch }, { now }) => [
    sql`INSERT INTO fence (id, host, how, ${sql.identifier('by')}, generation, epoch, ${sql.identifier('bootId')}, ${sql.identifier('askedAt')})
      SELECT ${id}, h.id, ${how}, ${by}, ${generation}, a.epoch, a.${sql.identifier('bootId')}, ${now} FROM host h JOIN agent a ON a.id = h.agent
      WHERE h.id = ${host} AND a.epoch = ${epoch} AND a.${sql.identifier('silentSince')} IS NOT NULL`,
    unless('stale'),
  ],
  'fence.land': ({ host, generation }, { now }) => [
    sql`UPDATE fence SET at = ${now} WHERE host = ${host} AND generation = ${generation} AND at IS NULL AND EXISTS (
      SELECT 1 FROM host h JOIN agent a ON a.id = h.agent
      WHERE h.id = fence.host AND a.epoch = fence.epoch AND a.${sql.identifier('silentSince')} IS NOT NULL)`,
    unless('stale'),
    sql`UPDATE agent SET epoch = epoch + 1 WHERE id = (SELECT agent FROM host WHERE id = ${host})`,
  ],
  'migration.fenced': ({ host }) => [
    sql`UPDATE migration SET ${sql.identifier('targetSaw')} = json_object('id', id, 'phase', 'nothing'), version = version + 1
      WHERE target = ${host} AND ${sql.identifier('endedAt')} IS NULL
      AND coalesce(json_extract(${sql.identifier('targetSaw')}, '$.phase'), '') <> 'arrived'`,
  ],
  'fence.holds': ({ host }) => [
    sql`INSERT INTO guard (stale) SELECT 1 WHERE NOT EXISTS (
      SELECT 1 FROM fence WHERE host = ${host} AND at IS NOT NULL AND ${sql.identifier('liftedAt')} IS NULL)`,
  ],
  'fence.lift': ({ agent }, { now }) => [
    sql`UPDATE fence SET ${sql.identifier('liftedAt')} = ${now} WHERE at IS NOT NULL AND ${sql.identifier('liftedAt')} IS NULL
      AND host IN (SELECT id FROM host WHERE agent = ${agent})`,
  ],
  'host-power.set': ({ host, power }, { database: { db } }) => [
    db
      .insert(s.hostPower)
      .values({ host, ...power })
      .onConflictDoUpdate({ target: s.hostPower.host, set: power }),
  ],
  'host-power.drop': ({ host }, { database: { db } }) => [db.delete(s.hostPower).where(eq(s.hostPower.host, host))],
  'host.remove': ({ host }, { database: { db }, now }) => [
    sql`INSERT INTO guard (conflict) SELECT 1 FROM allocation WHERE host = ${host} AND until IS NULL`,
    db
      .update(s.host)
      .set({ removedAt: now, accepting: false })
      .where(and(eq(s.host.id, host), isNull(s.host.removedAt))),
    unless('stale'),
    // Its epoch rises: a link that is up is no longer listened to.
    sql`UPDATE agent SET epoch = epoch + 1, ${sql.identifier('removedAt')} = ${now}, ${sql.identifier('silentSince')} = coalesce(${sql.identifier('silentSince')}, ${now})
      WHERE id = (SELECT agent FROM host WHERE id = ${host})
      AND NOT EXISTS (SELECT 1 FROM host h WHERE h.agent = agent.id AND h.${sql.identifier('removedAt')} IS NULL)`,
    db
      .update(s.fence)
      .set({ liftedAt: now })
      .where(and(eq(s.fence.host, host), isNull(s.fence.liftedAt))),
    db.delete(s.hostPower).where(eq(s.hostPower.host, host)),
    db.delete(s.tombstone).where(eq(s.tombstone.host, host)),
    db.delete(s.orphan).where(eq(s.orphan.host, host)),
  ],
  'machine.image': ({ machine, version, image }, { database: { db } }) => [
    db
      .update(s.machine)
      .set({ image, version: version + 1 })
      .where(and(eq(s.machine.id, machine), eq(s.machine.version, version))),
    unless('stale'),
  ],
  'machine.rescue': ({ machine, version, image, volume }, { database: { db } }) => [
    db
      .update(s.machine)
      .set({ rescueImage: image, rescueVolume: volume, version: version + 1 })
      .where(and(eq(s.machine.id, machine), eq(s.machine.version, version))),
    unless('stale'),
  ],
  'machine.holds': ({ machine, version }) => [
    sql`INSERT INTO guard (stale) SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM machine WHERE id = ${machine} AND version = ${version})`,
  ],
  'attachment.remove': ({ volume }, { database: { db } }) => [db.delete(s.attachment).where(eq(s.attachment.volume, volume))],
  'volume.intent': ({ volume, version, generation, sizeMiB, deleted }, { database: { db }, now }) => [
    db
      .update(s.volume)
      .set({
        grownFrom: sql`CASE WHEN ${s.volume.sizeMiB} < ${sizeMiB} THEN ${s.volume.sizeMiB} ELSE ${s.volume.grownFrom} END`,
        grownAt: sql`CASE WHEN ${s.volume.sizeMiB} < ${sizeMiB} THEN ${now} ELSE ${s.volume.grownAt} END`,
        sizeMiB,
        deleted,
        generation,
        version: version + 1,
      })
      .where(and(eq(s.volume.id, volume), eq(s.volume.version, version))),
    unless('stale'),
  ],
  'volume.revert': ({ volume, version, generation, snapshot }, { database: { db } }) => [
    db
      .update(s.volume)
      .set({ revertSnapshot: snapshot, revertTurn: generation, generation, version: version + 1 })
      .where(and(eq(s.volume.id, volume), eq(s.volume.version, version))),
    unless('stale'),
  ],
  'volume.gone': ({ volume, generation }, { database: { db }, now }) => [
    db
      .update(s.volume)
      .set({ goneAt: now, version: sql`${s.volume.version} + 1` })
      .where(and(eq(s.volume.id, volume), eq(s.volume.generation, generation))),
    unless('stale'),
  ],
  'volume.observed': ({ do: _, volume, ...facts }, { now }) => [
    // Epochs of two agents cannot be compared.
    ...(facts.host === null ? [] : [holds(volume, facts.host)]),
    putNewer(s.volumeObserved, s.volumeObserved.volume, { volume, ...facts, at: now }),
    unless('stale'),
  ],
  'snapshot.holds': ({ snapshot, version }) => [
    sql`INSERT INTO guard (stale) SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM snapshot WHERE id = ${snapshot} AND version = ${version})`,
  ],
  'snapshot.delete': ({ snapshot, version }, { database: { db } }) => [
    db
      .update(s.snapshot)
      .set({ deleted: true, generation: sql`${s.snapshot.generation} + 1`, version: version + 1 })
      .where(and(eq(s.snapshot.id, snapshot), eq(s.snapshot.version, version))),
    unless('stale'),
    sql`INSERT INTO guard (conflict) SELECT 1 WHERE EXISTS (
      SELECT 1 FROM volume v LEFT JOIN volume_observed o ON o.volume = v.id
      WHERE v.${sql.identifier('sourceSnapshot')} = ${snapshot} AND v.deleted = 0 AND v.${sql.identifier('goneAt')} IS NULL AND coalesce(o.here, 0) = 0)`,
    sql`INSERT INTO guard (conflict) SELECT 1 WHERE EXISTS (
      SELECT 1 FROM volume v LEFT JOIN volume_observed o ON o.volume = v.id
      WHERE v.${sql.identifier('revertSnapshot')} = ${snapshot} AND v.deleted = 0 AND v.${sql.identifier('goneAt')} IS NULL
      AND coalesce(o.${sql.identifier('appliedGeneration')}, 0) < v.${sql.identifier('revertTurn')})`,
  ],
  'snapshot.gone': ({ snapshot, generation }, { database: { db }, now }) => [
    db
      .update(s.snapshot)
      .set({ goneAt: now, version: sql`${s.snapshot.version} + 1` })
      .where(and(eq(s.snapshot.id, snapshot), eq(s.snapshot.generation, generation))),
    unless('stale'),
  ],
  'snapshot.observed': ({ do: _, snapshot, epoch, seq, ...facts }, { database: { db }, now }) => {
    const row = { ...facts, epoch, seq, at: now }
    return [
      db
        .insert(s.snapshotObserved)
        .values({ snapshot, ...row })
        .onConflictDoUpdate({ target: s.snapshotObserved.snapshot, set: row, setWhere: newer(s.snapshotObserved, epoch, seq) }),
      unless('stale'),
    ]
  },
  'image.insert': ({ image: { source, carried = [], ...row } }, { database: { db }, now }) => [
    db.insert(s.image).values({ ...row, files: carried, generation: 1, createdAt: now }),
    // The image that they come from may be deleted meanwhile.
    ...carried.map(({ sha256 }) => db.insert(s.imageFile).values({ sha256, image: row.id }).onConflictDoNothing()),
    ...(row.project === null
      ? []
      : [
          sql`INSERT INTO guard (quota) SELECT 1 WHERE (SELECT count(*) FROM image WHERE project = ${row.project} AND ${sql.identifier('deletedAt')} IS NULL) > ${limits.images}`,
        ]),
    db.insert(s.imageImport).values({ image: row.id, source, host: null, begunAt: now }),
  ],
  'image.place': ({ image, generation, host }, { database: { db } }) => [
    db
      .update(s.imageImport)
      .set({ host })
      .where(and(eq(s.imageImport.image, image), imageAt(image, generation))),
    unless('stale'),
  ],
  'image.uploaded': ({ image, generation }, { database: { db }, now }) => [
    db
      .update(s.image)
      .set({ state: 'importing', generation: generation + 1 })
      .where(and(eq(s.image.id, image), eq(s.image.generation, generation), eq(s.image.state, 'pending'))),
    unless('stale'),
    db.update(s.imageImport).set({ begunAt: now }).where(eq(s.imageImport.image, image)),
  ],
  'image.ready': ({ image, generation, file, carried = [], virtualBytes, minDiskMiB }, { database: { db } }) => [
    db
      .update(s.image)
      .set({ state: 'ready', files: [file, ...carried], virtualBytes, minDiskMiB, failure: null })
      .where(and(eq(s.image.id, image), eq(s.image.generation, generation))),
    unless('stale'),
    db.update(s.imageImport).set({ host: null }).where(eq(s.imageImport.image, image)),
    db.insert(s.imageFile).values({ sha256: file.sha256, image }).onConflictDoNothing(),
    sql`INSERT INTO image_copy (image, region, state) SELECT ${image}, id, 'ready' FROM region WHERE true ON CONFLICT DO NOTHING`,
  ],
  'image.fail': ({ image, generation, fault }, { database: { db } }) => [
    db
      .update(s.image)
      .set({ state: 'failed', failure: fault })
      .where(and(eq(s.image.id, image), eq(s.image.generation, generation))),
    unless('stale'),
    db.update(s.imageImport).set({ host: null }).where(eq(s.imageImport.image, image)),
  ],
  'image.delete': ({ image, generation }, { database: { db }, now }) => [
    db
      .update(s.image)
      .set({ state: 'deleting', generation: generation + 1, deletedAt: now })
      .where(and(eq(s.image.id, image), eq(s.image.generation, generation), isNull(s.image.deletedAt))),
    unless('stale'),
    db.update(s.imageImport).set({ host: null }).where(eq(s.imageImport.image, image)),
  ],
  'image.forget': ({ image }, { database: { db } }) => [
    sql`INSERT INTO guard (stale) SELECT 1 WHERE ${stoodOn(image)}`,
    db.delete(s.imageShare).where(eq(s.imageShare.image, image)),
    db.delete(s.imageFile).where(eq(s.imageFile.image, image)),
    db.delete(s.imageImport).where(eq(s.imageImport.image, image)),
    db.delete(s.imageObserved).where(eq(s.imageObserved.image, image)),
    db.delete(s.imageCopy).where(eq(s.imageCopy.image, image)),
    db.delete(s.tag).where(eq(s.tag.resource, image)),
    db.delete(s.image).where(eq(s.image.id, image)),
  ],
  'image.visibility': ({ image, visibility }, { database: { db } }) => [
    db
      .update(s.image)
      .set({ visibility })
      .where(and(eq(s.image.id, image), isNull(s.image.deletedAt))),
    unless('stale'),
  ],
  'image.share': ({ image, project }, { database: { db } }) => [
    db.insert(s.imageShare).values({ image, project }).onConflictDoNothing(),
  ],
  'image.unshare': ({ image }, { database: { db } }) => [db.delete(s.imageShare).where(eq(s.imageShare.image, image))],
  'image.deprecate': ({ image, deprecated }, { database: { db }, now }) => [
    db
      .update(s.image)
      .set({ deprecatedAt: deprecated ? now : null })
      .where(and(eq(s.image.id, image), isNull(s.image.deletedAt))),
    unless('stale'),
  ],
  'image.for-rescue': ({ image, forRescue }, { database: { db } }) => [
    db
      .update(s.image)
      .set({ forRescue })
      .where(and(eq(s.image.id, image), isNull(s.image.deletedAt))),
    unless('stale'),
  ],
  'image.observed': ({ do: _, image, epoch, seq, ...facts }, { database: { db }, now }) => {
    const row = { ...facts, epoch, seq, at: now }
    return [
      db
        .insert(s.imageObserved)
        .values({ image, ...row })
        .onConflictDoUpdate({
          target: s.imageObserved.image,
          set: row,
          // Of another host the epochs are another agent's.
          setWhere: sql`(${s.imageObserved.host} <> ${facts.host} OR ${newer(s.imageObserved, epoch, seq)})`,
        }),
      unless('stale'),
    ]
  },
  'port.claim': ({ port, others }) => [
    sql`INSERT INTO port (id, alias, project, network, subnet, machine, position, mac, address)
      SELECT ${port.id}, ${port.alias}, ${port.project}, ${port.network}, ${port.subnet}, ${port.machine}, ${port.position}, ${port.mac}, a.value
      FROM json_each(${JSON.stringify([port.address, ...others])}) a
      WHERE NOT EXISTS (SELECT 1 FROM port p WHERE p.subnet = ${port.subnet} AND p.address = a.value) LIMIT 1`,
    unless('conflict'),
  ],
  'machine.still': ({ machine }) => [
    sql`INSERT INTO guard (stale) SELECT 1 FROM migration WHERE machine = ${machine} AND ${sql.identifier('endedAt')} IS NULL`,
  ],
  'migration.landed': ({ machine, migration, target }, { database: { db }, now }) => [
    db
      .update(s.allocation)
      .set({ until: now })
      .where(and(eq(s.allocation.consumer, machine), isNull(s.allocation.until))),
    unless('stale'),
    sql`UPDATE allocation SET consumer = ${machine}, ${sql.identifier('diskMiB')} = 0,
        ${sql.identifier('placementGroup')} = (SELECT ${sql.identifier('placementGroup')} FROM machine WHERE id = ${machine})
      WHERE consumer = ${migration} AND until IS NULL`,
    unless('stale'),
    sql`UPDATE allocation SET host = ${target} WHERE until IS NULL AND consumer IN (${volumesOfMove(migration)})`,
    db
      .update(s.machineObserved)
      .set({ host: target, epoch: 0, seq: 0, digest: '' })
      .where(eq(s.machineObserved.machine, machine)),
    sql`UPDATE volume_observed SET host = ${target}, epoch = 0, seq = 0, digest = '' WHERE volume IN (${volumesOfMove(migration)})`,
    db
      .update(s.volume)
      .set(neverWentBack)
      .where(sql`${s.volume.id} IN (${volumesOfMove(migration)})`),
    // As they are: what is shared was not made anew.
    sql`UPDATE volume SET ${sql.identifier('keptOn')} = ${target} WHERE id IN (${volumesOfMove(migration)})
      AND pool IN (SELECT id FROM storage_pool WHERE type IN ${sharedPools})`,
  ],
  'migration.bury': ({ migration, host }, { now }) => [
    sql`INSERT INTO tombstone (host, subject, generation, pool, at)
      SELECT ${host}, id, generation + 1, NULL, ${now} FROM machine WHERE id = (SELECT machine FROM migration WHERE id = ${migration})
      UNION ALL SELECT ${host}, id, generation + 1, pool, ${now} FROM volume WHERE id IN (${volumesOfMove(migration)})
      ON CONFLICT (host, subject) DO UPDATE SET generation = excluded.generation, at = excluded.at`,
    // Above what that host has heard: it may get them back before it has forgotten them.
    sql`UPDATE volume_observed SET ${sql.identifier('appliedGeneration')} = ${sql.identifier('appliedGeneration')} + 2
      WHERE volume IN (SELECT id FROM volume WHERE id IN (${volumesOfMove(migration)}) AND ${unchanged(migration)})
      AND ${sql.identifier('appliedGeneration')} = (SELECT generation FROM volume WHERE id = volume_observed.volume)`,
    sql`UPDATE volume SET generation = generation + 2, version = version + 1 WHERE id IN (${volumesOfMove(migration)}) AND ${unchanged(migration)}`,
  ],
  'migration.insert': ({ migration, generations }, { database: { db }, now }) => [
    db.insert(s.migration).values({ ...migration, phase: 'preparing', version: 1, createdAt: now }),
    sql`INSERT INTO guard (conflict) SELECT 1 FROM tombstone
      WHERE host = ${migration.target} AND (subject = ${migration.machine} OR subject IN (${volumesOfMove(migration.id)}))`,
    // What its volumes are is what was looked at: all of them, and none with a snapshot.
    sql`INSERT INTO guard (stale) SELECT 1 FROM attachment WHERE machine = ${migration.machine} AND volume NOT IN (${volumesOfMove(migration.id)})`,
    ...migration.volumes.map(
      (id, i) =>
        sql`INSERT INTO guard (stale) SELECT 1 WHERE NOT EXISTS (
          SELECT 1 FROM volume v JOIN attachment a ON a.volume = v.id
          WHERE v.id = ${id} AND v.generation = ${generations[i] ?? 0} AND a.machine = ${migration.machine})`,
    ),
    sql`INSERT INTO guard (stale) SELECT 1 FROM snapshot WHERE ${sql.identifier('goneAt')} IS NULL AND volume IN (${volumesOfMove(migration.id)})`,
  ],
  'migration.phase': ({ migration, version, phase }, { database: { db }, now }) => [
    db
      .update(s.migration)
      .set({ phase, version: version + 1, ...(phase === 'done' || phase === 'failed' ? { endedAt: now } : {}) })
      .where(and(eq(s.migration.id, migration), eq(s.migration.version, version), isNull(s.migration.endedAt))),
    unless('stale'),
  ],
  'migration.seen': ({ migration, side, saw, progress }, { database: { db } }) => [
    db
      .update(s.migration)
      .set({
        ...(side === 'source' ? { sourceSaw: saw } : { targetSaw: saw }),
        progress,
        version: sql`${s.migration.version} + 1`,
      })
      .where(and(eq(s.migration.id, migration), isNull(s.migration.endedAt))),
    unless('stale'),
  ],
  'host.maintenance': ({ host, generation, maintenance, accepting, intent }, { database: { db } }) => [
    db
      .update(s.host)
      .set({ maintenance, accepting, generation: intent ? generation + 1 : generation })
      .where(and(eq(s.host.id, host), eq(s.host.generation, generation))),
    unless('stale'),
  ],
  'maintenance-stop.insert': ({ host, machine }, { database: { db } }) => [
    db.insert(s.maintenanceStop).values({ host, machine }).onConflictDoNothing(),
  ],
  'maintenance-stop.drop': ({ host }, { database: { db } }) => [
    db.delete(s.maintenanceStop).where(eq(s.maintenanceStop.host, host)),
  ],
  'port.release': ({ machine }, { database: { db } }) => [
    touchPeersOf(machine),
    touchNeighboursOf(machine),
    sql`DELETE FROM port_group WHERE port IN (SELECT id FROM port WHERE machine = ${machine})`,
    db.delete(s.port).where(eq(s.port.machine, machine)),
  ],
  'allocation.claim': ({ id, consumer, host, vcpus, memoryMiB, diskMiB, lying, root, group = null, others = [] }, { now }) => {
    const used = (column: string) =>
      sql`(SELECT coalesce(sum(${sql.identifier(column)}), 0) FROM allocation WHERE host = h.id AND until IS NULL)`
    const claimed = (by: string) => sql`(SELECT host FROM allocation WHERE consumer = ${by} AND until IS NULL)`
    const disk = diskMiB + (root?.diskMiB ?? 0)
    const pool = lying?.pool ?? null
    const rows = [
      sql`SELECT ${id} AS id, ${consumer} AS consumer, ${vcpus} AS v, ${memoryMiB} AS m, ${diskMiB} AS d, ${group?.id ?? null} AS g`,
      ...(root ? [sql`SELECT ${root.id}, ${root.volume}, 0, 0, ${root.diskMiB}, NULL`] : []),
    ]
    return [
      sql`INSERT INTO allocation (id, consumer, host, vcpus, ${sql.identifier('memoryMiB')}, ${sql.identifier('diskMiB')}, ${sql.identifier('from')}, until, ${sql.identifier('placementGroup')}, pool, ${sql.identifier('poolMiB')})
        SELECT c.id, c.consumer, x.host, c.v, c.m, ${lying ? sql`0` : sql`c.d`}, ${now}, NULL, c.g, ${lying ? sql`CASE WHEN c.d > 0 THEN ${pool} END, c.d` : sql`NULL, 0`}
        FROM (SELECT h.id AS host FROM host h JOIN host_observed o ON o.host = h.id
          WHERE ${others.length === 0 ? sql`h.id = ${host}` : oneOf([host, ...others])} AND (h.accepting = 1 OR ${vcpus} = 0)
            AND (${vcpus} = 0 OR ${used('vcpus')} + ${vcpus} <= o.cpus * h.${sql.identifier('cpuRatio')})
            AND (${memoryMiB} = 0 OR ${used('memoryMiB')} + ${memoryMiB} <= o.${sql.identifier('memoryMiB')} * h.${sql.identifier('memoryRatio')})
            ${lying && disk > 0 ? roomIn(lying, disk) : sql`AND (${disk} = 0 OR ${used('diskMiB')} + ${disk} <= o.${sql.identifier('diskMiB')} * h.${sql.identifier('diskRatio')})`}
            ${group === null ? sql`` : keeps(group)}
          ORDER BY h.id = ${host} DESC LIMIT 1) x
        JOIN (${sql.join(rows, sql` UNION ALL `)}) c`,
      unless('capacity'),
      ...(others.length === 0
        ? []
        : [sql`UPDATE host SET revision = revision + 1 WHERE id = ${claimed(consumer)}`, countRoom(sql`${claimed(consumer)}`)]),
    ]
  },
  'allocation.resize': ({ consumer, vcpus, memoryMiB }) => {
    const memory = sql.identifier('memoryMiB')
    const others = (column: SQL) =>
      sql`(SELECT coalesce(sum(${column}), 0) FROM allocation b WHERE b.host = allocation.host AND b.until IS NULL AND b.consumer <> ${consumer})`
    return [
      sql`UPDATE allocation SET vcpus = ${vcpus}, ${memory} = ${memoryMiB}
        WHERE consumer = ${consumer} AND until IS NULL AND ((vcpus >= ${vcpus} AND ${memory} >= ${memoryMiB}) OR EXISTS (
          SELECT 1 FROM host h JOIN host_observed o ON o.host = h.id WHERE h.id = allocation.host
          AND ${others(sql`vcpus`)} + ${vcpus} <= o.cpus * h.${sql.identifier('cpuRatio')}
          AND ${others(sql`${memory}`)} + ${memoryMiB} <= o.${memory} * h.${sql.identifier('memoryRatio')}))`,
      unless('capacity'),
    ]
  },
  'allocation.release': ({ consumer }, { database: { db }, now }) => [
    db
      .update(s.allocation)
      .set({ until: now })
      .where(and(eq(s.allocation.consumer, consumer), isNull(s.allocation.until))),
  ],
  'host.touch': ({ host }) => [{ sql: 'UPDATE host SET revision = revision + 1 WHERE id = ?', args: [host] }, countRoom(host)],
  'host.insert': ({ host, agent, zone, name }, { database: { db } }) => [
    db.insert(s.host).values({ id: host, agent, zone, name, accepting: true, cpuRatio: 8, memoryRatio: 1, revision: 1 }),
  ],
  'host.update': ({ host, set }, { database: { db } }) => [
    db.update(s.host).set(set).where(eq(s.host.id, host)),
    unless('stale'),
    countRoom(host),
  ],
  'host.observed': ({ host, epoch, seq, facts, digest }, { database: { db }, now }) => {
    const {
      hypervisor,
      hypervisorVersion,
      acceleration,
      architecture,
      bootId,
      cpus,
      memoryMiB,
      diskMiB,
      warnings,
      underlay = null,
    } = facts
    const row = {
      epoch,
      seq,
      hypervisor,
      hypervisorVersion,
      acceleration,
      architecture,
      bootId,
      cpus,
      memoryMiB,
      diskMiB,
      underlay,
      warnings,
      digest,
      at: now,
    }
    return [
      touchWhereJoined(host, underlay),
      db
        .insert(s.hostObserved)
        .values({ host, ...row })
        .onConflictDoUpdate({ target: s.hostObserved.host, set: row, setWhere: newer(s.hostObserved, epoch, seq) }),
      countRoom(host),
    ]
  },
  'link.holds': ({ host, epoch }) => [
    sql`INSERT INTO guard (stale) SELECT 1 WHERE NOT EXISTS (
      SELECT 1 FROM host h JOIN agent a ON a.id = h.agent WHERE h.id = ${host} AND a.epoch = ${epoch})`,
  ],
  'orphan.seen': ({ do: _, host, machine, ...seen }, { database: { db, ids }, now }) => [
    db
      .insert(s.orphan)
      .values({ id: ids.make('orphan'), host, machine, ...seen, at: now })
      .onConflictDoUpdate({
        target: [s.orphan.host, s.orphan.machine],
        set: { ...seen, id: sql`CASE WHEN ${s.orphan.id} = '' THEN excluded.id ELSE ${s.orphan.id} END` },
      }),
  ],
  'orphan.remove': ({ orphan, generation }, { database: { db } }) => [
    db
      .update(s.orphan)
      .set({ removing: true, generation: generation + 1 })
      .where(and(eq(s.orphan.id, orphan), eq(s.orphan.generation, generation))),
    unless('stale'),
  ],
  'orphan.adopted': ({ orphan, generation }, { database: { db } }) => [
    db.delete(s.orphan).where(and(eq(s.orphan.id, orphan), eq(s.orphan.generation, generation))),
    unless('stale'),
  ],
  'orphan.bury': ({ do: _, ...left }, { database: { db }, now }) => [
    db
      .insert(s.tombstone)
      .values({ ...left, at: now })
      .onConflictDoUpdate({ target: [s.tombstone.host, s.tombstone.subject], set: { generation: left.generation, at: now } }),
  ],
  'machine.adopt': ({ machine, generation }, { database: { db }, now }) => {
    const row: typeof s.machine.$inferInsert = {
      ...machineRow(machine, now),
      power: 'as-is',
      generation,
      ranAt: now,
      goneAt: null,
    }
    return [
      db
        .insert(s.machine)
        .values(row)
        .onConflictDoUpdate({ target: s.machine.id, set: row, setWhere: isNotNull(s.machine.goneAt) }),
      unless('conflict'),
      db.delete(s.machineObserved).where(eq(s.machineObserved.machine, machine.id)),
    ]
  },
  'volume.adopt': ({ volume, generation }, { database: { db }, now }) => {
    const row = { ...volume, createdAt: now, deleted: false, generation, version: 1, goneAt: null }
    return [
      db
        .insert(s.volume)
        .values(row)
        .onConflictDoUpdate({ target: s.volume.id, set: row, setWhere: isNotNull(s.volume.goneAt) }),
      unless('conflict'),
      db.delete(s.volumeObserved).where(eq(s.volumeObserved.volume, volume.id)),
    ]
  },
  'orphan.gone': ({ host, machine }, { database: { db } }) => [
    db.delete(s.orphan).where(and(eq(s.orphan.host, host), eq(s.orphan.machine, machine))),
  ],
  'machine.observed': ({ do: _, machine, ...facts }, { now }) => [
    // A host on which it is no longer says nothing about it any more: epochs of two agents cannot be compared.
    ...(facts.host === null ? [] : [holds(machine, facts.host)]),
    putNewer(s.machineObserved, s.machineObserved.machine, { machine, ...facts, at: now }),
    unless('stale'),
  ],
  'operation.move': ({ operation, version, to, log }, { now }) => [
    updateRows(
      s.operation,
      {
        ...to,
        asked: to.asked ?? null,
        waitingSaid: to.waitingSaid ?? null,
        waitingSince:
          to.waiting === null
            ? null
            : sql`CASE WHEN ${s.operation.step} = ${to.step} THEN coalesce(${s.operation.waitingSince}, ${now}) ELSE ${now} END`,
        stuckIn: to.state === 'stuck' ? sql`${s.operation.state}` : null,
        version: version + 1,
        endedAt: to.wakeAt === null && to.state !== 'stuck' ? now : null,
      },
      { sql: 'id = ? AND version = ?', args: [operation, version] },
    ),
    unless('stale'),
    insertRows(s.operationLog, [{ operation, version, ...log, at: now }]),
  ],
  'operation.ask': ({ operation, version, to, log }, { database: { db }, now }) => [
    db
      .update(s.operation)
      .set({ ...to, tries: 0, wakeAt: now, endedAt: null, stuckIn: null, version: version + 1 })
      .where(and(eq(s.operation.id, operation), eq(s.operation.version, version))),
    unless('stale'),
    insertRows(s.operationLog, [{ operation, version, ...log, at: now }]),
  ],
  'operation.wake': ({ subject, generation }, { now }) => [
    {
      sql: 'UPDATE operation SET "wakeAt" = ?, version = version + 1 WHERE subject = ? AND "wakeAt" IS NOT NULL AND generation <= ?',
      args: [now, subject, generation],
    },
  ],
  'operation.wake-one': ({ operation }, { database: { db }, now }) => [
    db
      .update(s.operation)
      .set({ wakeAt: now, version: sql`${s.operation.version} + 1` })
      .where(and(eq(s.operation.id, operation), isNotNull(s.operation.wakeAt))),
  ],
  'samples.keep': ({ host, window: { at, ...data } }, { database: { db } }) => [
    db.insert(s.sampleHistory).values({ host, at, data }).onConflictDoNothing(),
  ],
  'command.insert': ({ id, host, body }, { database: { db }, now }) => [
    db.insert(s.command).values({ id, host, body, at: now }).onConflictDoNothing(),
  ],
  'command.result': ({ id, outcome }, { database: { db }, now }) => [
    db
      .update(s.command)
      .set({ outcome, at: now })
      .where(and(eq(s.command.id, id), isNull(s.command.outcome))),
  ],
  'enrolment.insert': ({ id, tokenHash, zone, roles, by, expiresAt }, { database: { db }, now }) => [
    db.insert(s.enrolment).values({ id, tokenHash, zone, roles, createdBy: by, createdAt: now, expiresAt }),
  ],
  'enrolment.revoke': ({ id }, { database: { db }, now }) => [
    db
      .update(s.enrolment)
      .set({ revokedAt: now })
      .where(and(eq(s.enrolment.id, id), isNull(s.enrolment.usedBy), isNull(s.enrolment.revokedAt))),
    unless('conflict'),
  ],
  'agent.cloned': ({ agent, before }, { database: { db }, now }) => [
    db
      .update(s.agent)
      .set({ clonedAt: now })
      .where(and(eq(s.agent.id, agent), or(isNull(s.agent.clonedAt), lte(s.agent.clonedAt, before)))),
    unless('conflict'),
  ],
  'enrolment.use': ({ tokenHash, agent }, { database: { db }, now }) => [
    db
      .update(s.enrolment)
      .set({ usedBy: agent })
      .where(
        and(
          eq(s.enrolment.tokenHash, tokenHash),
          isNull(s.enrolment.usedBy),
          isNull(s.enrolment.revokedAt),
          sql`${s.enrolment.expiresAt} > ${now}`,
        ),
      ),
    unless('conflict'),
  ],
  'agent.insert': ({ agent, publicKey, fingerprint, zone, version, roles = ['host'], linkObject }, { database: { db }, now }) => [
    db.insert(s.agent).values({
      id: agent,
      publicKey,
      fingerprint,
      zone,
      version,
      roles,
      linkObject,
      epoch: 0,
      silentSince: now,
      createdAt: now,
    }),
  ],
  'agent.link': ({ agent, epoch, bootId, version }, { database: { db } }) => [
    db
      .update(s.agent)
      .set({ epoch, bootId, version, silentSince: null })
      .where(and(eq(s.agent.id, agent), eq(s.agent.epoch, epoch - 1))),
    unless('stale'),
  ],
  'agent.silent': ({ agent, epoch, since }, { database: { db } }) => [
    db
      .update(s.agent)
      .set({ silentSince: since })
      .where(and(eq(s.agent.id, agent), eq(s.agent.epoch, epoch), isNull(s.agent.silentSince))),
    unless('stale'),
  ],
  'key-pair.insert': ({ keyPair, project }, { database: { db }, now }) => [
    db.insert(s.keyPair).values({ ...keyPair, project, createdAt: now }),
  ],
  'key-pair.delete': ({ id }, { database: { db } }) => [db.delete(s.keyPair).where(eq(s.keyPair.id, id))],
  'placement-group.insert': ({ group, limit }, { database: { db }, now }) => [
    db.insert(s.placementGroup).values({ ...group, createdAt: now }),
    sql`INSERT INTO guard (quota) SELECT 1 WHERE (SELECT count(*) FROM placement_group WHERE project = ${group.project}) > ${limit}`,
  ],
  'placement-group.delete': ({ id }) => [
    sql`DELETE FROM placement_group WHERE id = ${id} AND NOT EXISTS (
      SELECT 1 FROM machine m WHERE m.${sql.identifier('placementGroup')} = ${id} AND m.${sql.identifier('goneAt')} IS NULL)`,
    unless('conflict'),
  ],
  'pool.insert': ({ pool, limit }, { database: { db }, now }) => [
    db.insert(s.storagePool).values({ ...pool, createdAt: now }),
    sql`INSERT INTO guard (quota) SELECT 1 WHERE (SELECT count(*) FROM storage_pool) > ${limit}`,
  ],
  'pool.update': ({ id, name, isDefault, ceph, cephKey }) => [
    ...(ceph === undefined
      ? []
      : [sql`UPDATE storage_pool SET ceph = ${JSON.stringify(ceph)} WHERE id = ${id}`, unless('conflict')]),
    ...(cephKey === undefined
      ? []
      : [sql`UPDATE storage_pool SET ${sql.identifier('cephKey')} = ${cephKey} WHERE id = ${id}`, unless('conflict')]),
    ...(name === undefined ? [] : [sql`UPDATE storage_pool SET name = ${name} WHERE id = ${id}`, unless('conflict')]),
    // Not all at once: a zone has one default at any moment.
    ...(isDefault === undefined
      ? []
      : [
          sql`UPDATE storage_pool SET ${sql.identifier('isDefault')} = 0 WHERE ${sql.identifier('isDefault')} = 1
            AND zone = (SELECT zone FROM storage_pool WHERE id = ${id})`,
          sql`UPDATE storage_pool SET ${sql.identifier('isDefault')} = 1 WHERE id = ${id}`,
          unless('conflict'),
        ]),
  ],
  'pool.seen': ({ host, pool, totalMiB, fault }, { now }) => [
    sql`INSERT INTO host_pool (host, pool, ${sql.identifier('totalMiB')}, fault, at)
      SELECT ${host}, id, ${totalMiB}, ${fault}, ${now} FROM storage_pool WHERE id = ${pool}
      ON CONFLICT (host, pool) DO UPDATE SET ${sql.identifier('totalMiB')} = excluded.${sql.identifier('totalMiB')}, fault = excluded.fault, at = excluded.at`,
  ],
  'zone.touch': ({ zone }) => [
    sql`UPDATE host SET revision = revision + 1 WHERE zone = ${zone} AND ${sql.identifier('removedAt')} IS NULL`,
  ],
  'volume.taken': ({ volume, host }) => [
    sql`UPDATE volume SET ${sql.identifier('keptOn')} = ${host} WHERE id = ${volume}`,
    sql`UPDATE volume_observed SET host = ${host}, epoch = 0, seq = 0, digest = '' WHERE volume = ${volume}`,
    // It may not get it back before it has let go of it.
    sql`INSERT INTO guard (conflict) SELECT 1 FROM tombstone WHERE host = ${host} AND subject = ${volume}`,
    sql`INSERT INTO guard (conflict) SELECT 1 FROM snapshot WHERE volume = ${volume} AND ${sql.identifier('goneAt')} IS NULL`,
  ],
  'pool.delete': ({ id }) => [
    sql`DELETE FROM host_pool WHERE pool = ${id}`,
    sql`DELETE FROM storage_pool WHERE id = ${id} AND ${sql.identifier('isDefault')} = 0
      AND NOT EXISTS (SELECT 1 FROM volume WHERE pool = ${id})
      AND NOT EXISTS (SELECT 1 FROM snapshot WHERE pool = ${id})
      AND NOT EXISTS (SELECT 1 FROM tombstone WHERE pool = ${id})`,
    unless('conflict'),
  ],
  'tag.set': ({ project, resource, key, value }, { database: { db } }) => [
    db
      .insert(s.tag)
      .values({ project, resource, key, value })
      .onConflictDoUpdate({ target: [s.tag.resource, s.tag.key], set: { value } }),
  ],
  'tag.limit': ({ resource, limit }) => [
    sql`INSERT INTO guard (quota) SELECT 1 WHERE (SELECT count(*) FROM tag WHERE resource = ${resource}) > ${limit}`,
  ],
  'tag.unset': ({ resource, key, value }, { database: { db } }) => [
    db
      .delete(s.tag)
      .where(and(eq(s.tag.resource, resource), eq(s.tag.key, key), value === null ? undefined : eq(s.tag.value, value))),
  ],
  'tag.drop': ({ resource }, { database: { db } }) => [db.delete(s.tag).where(eq(s.tag.resource, resource))],
  'session.insert': ({ do: _, ...row }, { database: { db }, now }) => [db.insert(s.session).values({ ...row, createdAt: now })],
  'session.use-link': ({ tokenHash }, { database: { db }, now }) => [
    db
      .delete(s.session)
      .where(and(eq(s.session.tokenHash, tokenHash), eq(s.session.kind, 'link'), sql`${s.session.expiresAt} > ${now}`)),
    unless('conflict'),
  ],
  'session.end': ({ id }, { database: { db } }) => [db.delete(s.session).where(eq(s.session.id, id))],
  ...backupWrites,
  ...tenancyWrites,
  ...securityWrites,
  ...networkWrites,
  ...webhookWrites,
  ...signInWrites,
  ...usageWrites,
  ...priceWrites,
  audit: ({ do: _, ...row }, { now }) => [insertRows(s.audit, [{ ...row, at: now }])],
  'audit.seal': ({ after, seq, hash }, { now }) => [
    {
      sql: `INSERT INTO audit_seal (seq, hash, at) SELECT ?, ?, ?
        WHERE coalesce((SELECT max(seq) FROM audit_seal), 0) = ?`,
      args: [seq, hash, now, after],
    },
    unless('stale'),
  ],
  token: ({ do: _, ...row }, { now }) => [insertRows(s.token, [{ ...row, at: now }])],
}

const countRoom = (host: string | SQL): SQL | Built =>
  typeof host === 'string' ? { sql: `${roomSql} WHERE id = ?`, args: [host] } : sql`${sql.raw(roomSql)} WHERE id = ${host}`

/** Fails where another host has the claim of a machine or volume. */
const holds = (consumer: string, host: string): Built => ({
  sql: 'INSERT INTO guard (stale) SELECT 1 FROM allocation WHERE consumer = ? AND until IS NULL AND host <> ?',
  args: [consumer, host],
})

const oneOf = (hosts: readonly string[]): SQL =>
  sql`h.id IN (${sql.join(
    hosts.map(host => sql`${host}`),
    sql`, `,
  )})`

const imageAt = (image: Id<'image'>, generation: number) =>
  sql`EXISTS (SELECT 1 FROM image WHERE id = ${image} AND generation = ${generation})`

/** Only what is newer replaces what is known: observers are ordered by their own (epoch, seq). */
const newer = (
  table:
    | typeof s.hostObserved
    | typeof s.machineObserved
    | typeof s.volumeObserved
    | typeof s.snapshotObserved
    | typeof s.imageObserved,
  epoch: number,
  seq: number,
) => sql`(${table.epoch} < ${epoch} OR (${table.epoch} = ${epoch} AND ${table.seq} < ${seq}))`

/**
 * Plain inserts whose place in the batch does not matter: those of one kind become one statement of many rows, so that a launch of a thousand
 * machines stays within the steps that a database server takes.
 */
const gathered = {
  'machine.insert': (changes, { now }) =>
    insertRows(
      s.machine,
      changes.map(({ machine }) => machineRow(machine, now)),
    ),
  'volume.insert': (changes, { now }) =>
    insertRows(
      s.volume,
      changes.map(({ volume }) => ({
        ...volume,
        baseImage:
          volume.sourceImage ?? sql`(SELECT ${sql.identifier('baseImage')} FROM snapshot WHERE id = ${volume.sourceSnapshot})`,
        createdAt: now,
        deleted: false,
        generation: 1,
        version: 1,
      })),
    ),
  'attachment.insert': (changes, { now }) =>
    insertRows(
      s.attachment,
      changes.map(({ attachment }) => ({ ...attachment, at: now })),
    ),
  'snapshot.insert': (changes, { now }) =>
    insertRows(
      s.snapshot,
      changes.map(({ snapshot }) => ({
        ...snapshot,
        baseImage: sql`(SELECT ${sql.identifier('baseImage')} FROM volume WHERE id = ${snapshot.volume})`,
        createdAt: now,
        deleted: false,
        generation: 1,
        version: 1,
      })),
    ),
  'port.insert': changes =>
    insertRows(
      s.port,
      changes.map(({ port }) => port),
    ),
  'port-group.insert': changes =>
    insertRows(
      s.portGroup,
      changes.map(({ port, group }) => ({ port, securityGroup: group })),
    ),
  'operation.start': (changes, { now }) =>
    insertRows(
      s.operation,
      changes.map(({ operation }) => operationRow(operation, now)),
    ),
  event: (changes, { database, now }) =>
    insertRows(
      s.event,
      changes.map(change => eventRow(change, database, now)),
    ),
} as const satisfies {
  readonly [D in Change['do']]?: (changes: readonly Extract<Change, { do: D }>[], at: At) => Built
}
type Gathered = keyof typeof gathered
const isGathered = (change: Change): change is Extract<Change, { do: Gathered }> => Object.hasOwn(gathered, change.do)

/** Rows of one statement at most: the widest has some thirty parameters a row, and SQLite takes 32,766. */
const rowsOfStatement = 500

/** The statements of a batch, in the order of its changes but for plain inserts, which come last: a guard stands right behind what it guards. */
export function statementsOf(database: Database, changes: readonly Change[]): InStatement[] {
  const at = { database, now: database.clock.now() }
  const ordered = changes
    .filter(change => !isGathered(change))
    .flatMap(change => {
      const write = writes[change.do] as Write<Change['do']>
      return write(change, at).map(statement)
    })
  const inserts = [...Map.groupBy(changes.filter(isGathered), change => change.do)].flatMap(([kind, rows]) => {
    const insert = gathered[kind] as (changes: readonly Change[], at: At) => Built
    return Array.from({ length: Math.ceil(rows.length / rowsOfStatement) }, (_, i) =>
      insert(rows.slice(i * rowsOfStatement, (i + 1) * rowsOfStatement), at),
    )
  })
  return [...ordered, ...inserts, ...quotaGuards(changes).map(statement)]
}
