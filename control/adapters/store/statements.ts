import type { InStatement, InValue } from '@libsql/client/web'
import { and, eq, isNotNull, isNull, lte, type SQL, sql } from 'drizzle-orm'
import { SQLiteSyncDialect } from 'drizzle-orm/sqlite-core'
import { diskRatio } from '../../domain/hosts/host.ts'
import { shardOf } from '../../domain/operations/shard.ts'
import type { Change, NewMachine } from '../../ports/changes.ts'
import type { Database } from './database.ts'
import * as s from './schema.ts'

const dialect = new SQLiteSyncDialect()
interface Built {
  readonly sql: string
  readonly args: InValue[]
}
interface Builder {
  toSQL(): { sql: string; params: unknown[] }
}
export function statement(query: Builder | SQL | Built): InStatement {
  if ('args' in query) return query
  const built = 'toSQL' in query ? query.toSQL() : dialect.sqlToQuery(query)
  return { sql: built.sql, args: built.params as InValue[] }
}

type Guard = 'stale' | 'quota' | 'capacity' | 'conflict'
/** Right after a predicate write: rolls the batch back where it changed nothing. */
const unless = (fault: Guard): Built => ({ sql: `INSERT INTO guard (${fault}) SELECT 1 WHERE changes() = 0`, args: [] })

interface At {
  readonly database: Database
  readonly now: number
}
type Write<D extends Change['do']> = (change: Extract<Change, { do: D }>, at: At) => readonly (Builder | SQL | Built)[]

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

/** How each change is written. */
const writes: { readonly [D in Exclude<Change['do'], Gathered>]: Write<D> } = {
  'machine.intent': ({ machine, version, generation, power }, { database: { db } }) => [
    db
      .update(s.machine)
      .set({ power, generation, version: version + 1, failure: null })
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
  'machine.moved': ({ machine, migration, target }, { database: { db }, now }) => [
    db
      .update(s.allocation)
      .set({ until: now })
      .where(and(eq(s.allocation.consumer, machine), isNull(s.allocation.until))),
    unless('stale'),
    db
      .update(s.allocation)
      .set({ consumer: machine })
      .where(and(eq(s.allocation.consumer, migration), isNull(s.allocation.until))),
    unless('stale'),
    db
      .update(s.machineObserved)
      .set({ host: target, epoch: 0, seq: 0, digest: '' })
      .where(eq(s.machineObserved.machine, machine)),
  ],
  'migration.insert': ({ migration }, { database: { db }, now }) => [
    db.insert(s.migration).values({ ...migration, phase: 'preparing', version: 1, createdAt: now }),
    sql`INSERT INTO guard (conflict) SELECT 1 FROM tombstone WHERE host = ${migration.target} AND machine = ${migration.machine}`,
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
  'tombstone.insert': ({ host, machine }, { now }) => [
    sql`INSERT INTO tombstone (host, machine, generation, at) SELECT ${host}, id, generation + 1, ${now} FROM machine WHERE id = ${machine}
      ON CONFLICT (host, machine) DO UPDATE SET generation = excluded.generation, at = excluded.at`,
  ],
  'tombstone.gone': ({ host, machine }, { database: { db } }) => [
    db.delete(s.tombstone).where(and(eq(s.tombstone.host, host), eq(s.tombstone.machine, machine))),
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
  'port.release': ({ machine }, { database: { db } }) => [db.delete(s.port).where(eq(s.port.machine, machine))],
  'allocation.claim': ({ id, consumer, host, vcpus, memoryMiB, diskMiB }, { now }) => {
    const used = (column: string) =>
      sql`(SELECT coalesce(sum(${sql.identifier(column)}), 0) FROM allocation WHERE host = ${host} AND until IS NULL)`
    return [
      sql`INSERT INTO allocation (id, consumer, host, vcpus, ${sql.identifier('memoryMiB')}, ${sql.identifier('diskMiB')}, ${sql.identifier('from')}, until)
        SELECT ${id}, ${consumer}, h.id, ${vcpus}, ${memoryMiB}, ${diskMiB}, ${now}, NULL
        FROM host h JOIN host_observed o ON o.host = h.id
        WHERE h.id = ${host} AND h.accepting = 1
          AND ${used('vcpus')} + ${vcpus} <= o.cpus * h.${sql.identifier('cpuRatio')}
          AND ${used('memoryMiB')} + ${memoryMiB} <= o.${sql.identifier('memoryMiB')} * h.${sql.identifier('memoryRatio')}
          AND ${used('diskMiB')} + ${diskMiB} <= o.${sql.identifier('diskMiB')} * ${diskRatio}`,
      unless('capacity'),
    ]
  },
  'allocation.release': ({ consumer }, { database: { db }, now }) => [
    db
      .update(s.allocation)
      .set({ until: now })
      .where(and(eq(s.allocation.consumer, consumer), isNull(s.allocation.until))),
  ],
  'host.touch': ({ host }, { database: { db } }) => [
    db
      .update(s.host)
      .set({ revision: sql`${s.host.revision} + 1` })
      .where(eq(s.host.id, host)),
  ],
  'host.insert': ({ host, agent, zone, name }, { database: { db } }) => [
    db.insert(s.host).values({ id: host, agent, zone, name, accepting: true, cpuRatio: 8, memoryRatio: 1, revision: 1 }),
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
      db
        .insert(s.hostObserved)
        .values({ host, ...row })
        .onConflictDoUpdate({ target: s.hostObserved.host, set: row, setWhere: newer(s.hostObserved, epoch, seq) }),
    ]
  },
  'link.holds': ({ host, epoch }) => [
    sql`INSERT INTO guard (stale) SELECT 1 WHERE NOT EXISTS (
      SELECT 1 FROM host h JOIN agent a ON a.id = h.agent WHERE h.id = ${host} AND a.epoch = ${epoch})`,
  ],
  'orphan.seen': ({ host, machine, power }, { database: { db }, now }) => [
    db
      .insert(s.orphan)
      .values({ host, machine, power, at: now })
      .onConflictDoUpdate({ target: [s.orphan.host, s.orphan.machine], set: { power, at: now } }),
  ],
  'orphan.gone': ({ host, machine }, { database: { db } }) => [
    db.delete(s.orphan).where(and(eq(s.orphan.host, host), eq(s.orphan.machine, machine))),
  ],
  'machine.observed': ({ do: _, machine, epoch, seq, ...facts }, { database: { db }, now }) => {
    const row = { ...facts, epoch, seq, at: now }
    // A host on which it is no longer says nothing about it any more: epochs of two agents cannot be compared.
    const holds = sql`INSERT INTO guard (stale) SELECT 1 FROM allocation WHERE consumer = ${machine} AND until IS NULL AND host <> ${facts.host}`
    return [
      ...(facts.host === null ? [] : [holds]),
      db
        .insert(s.machineObserved)
        .values({ machine, ...row })
        .onConflictDoUpdate({ target: s.machineObserved.machine, set: row, setWhere: newer(s.machineObserved, epoch, seq) }),
      unless('stale'),
    ]
  },
  'operation.move': ({ operation, version, to, log }, { database: { db }, now }) => [
    db
      .update(s.operation)
      .set({ ...to, version: version + 1, endedAt: to.wakeAt === null && to.state !== 'stuck' ? now : null })
      .where(and(eq(s.operation.id, operation), eq(s.operation.version, version))),
    unless('stale'),
    db.insert(s.operationLog).values({ operation, version, ...log, at: now }),
  ],
  'operation.wake': ({ subject, generation }, { database: { db }, now }) => [
    db
      .update(s.operation)
      .set({ wakeAt: now, version: sql`${s.operation.version} + 1` })
      .where(and(eq(s.operation.subject, subject), isNotNull(s.operation.wakeAt), lte(s.operation.generation, generation))),
  ],
  'operation.wake-one': ({ operation }, { database: { db }, now }) => [
    db
      .update(s.operation)
      .set({ wakeAt: now, version: sql`${s.operation.version} + 1` })
      .where(and(eq(s.operation.id, operation), isNotNull(s.operation.wakeAt))),
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
  'enrolment.use': ({ tokenHash, agent }, { database: { db }, now }) => [
    db
      .update(s.enrolment)
      .set({ usedBy: agent })
      .where(and(eq(s.enrolment.tokenHash, tokenHash), isNull(s.enrolment.usedBy), sql`${s.enrolment.expiresAt} > ${now}`)),
    unless('conflict'),
  ],
  'agent.insert': ({ agent, publicKey, fingerprint, zone, version, linkObject }, { database: { db }, now }) => [
    db
      .insert(s.agent)
      .values({ id: agent, publicKey, fingerprint, zone, version, linkObject, epoch: 0, silentSince: now, createdAt: now }),
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
  'session.insert': ({ do: _, ...row }, { database: { db } }) => [db.insert(s.session).values(row)],
  'session.use-link': ({ tokenHash }, { database: { db }, now }) => [
    db
      .delete(s.session)
      .where(and(eq(s.session.tokenHash, tokenHash), eq(s.session.kind, 'link'), sql`${s.session.expiresAt} > ${now}`)),
    unless('conflict'),
  ],
  'session.end': ({ id }, { database: { db } }) => [db.delete(s.session).where(eq(s.session.id, id))],
  audit: ({ do: _, ...row }, { database: { db }, now }) => [db.insert(s.audit).values({ ...row, at: now })],
  token: ({ do: _, ...row }, { database: { db }, now }) => [db.insert(s.token).values({ ...row, at: now })],
}

/** Only what is newer replaces what is known: observers are ordered by their own (epoch, seq). */
const newer = (table: typeof s.hostObserved | typeof s.machineObserved, epoch: number, seq: number) =>
  sql`(${table.epoch} < ${epoch} OR (${table.epoch} = ${epoch} AND ${table.seq} < ${seq}))`

/**
 * Plain inserts whose place in the batch does not matter: those of one kind become one statement of many rows, so that a launch of a thousand
 * machines stays within the steps that a database server takes.
 */
const gathered = {
  'machine.insert': (changes, { database: { db }, now }) =>
    db.insert(s.machine).values(changes.map(({ machine }) => machineRow(machine, now))),
  'port.insert': (changes, { database: { db } }) => db.insert(s.port).values(changes.map(({ port }) => port)),
  'operation.start': (changes, { database: { db }, now }) =>
    db.insert(s.operation).values(changes.map(({ operation }) => operationRow(operation, now))),
  event: (changes, { database, now }) =>
    database.db.insert(s.event).values(changes.map(change => eventRow(change, database, now))),
} as const satisfies {
  readonly [D in Change['do']]?: (changes: readonly Extract<Change, { do: D }>[], at: At) => Builder
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
    const insert = gathered[kind] as (changes: readonly Change[], at: At) => Builder
    return Array.from({ length: Math.ceil(rows.length / rowsOfStatement) }, (_, i) =>
      statement(insert(rows.slice(i * rowsOfStatement, (i + 1) * rowsOfStatement), at)),
    )
  })
  return [...ordered, ...inserts]
}
