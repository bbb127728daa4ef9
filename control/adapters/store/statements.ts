import type { InStatement, InValue } from '@libsql/client/web'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
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
  'image.insert': ({ image: { source, ...row } }, { database: { db }, now }) => [
    db.insert(s.image).values({ ...row, files: [], generation: 1, createdAt: now }),
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
  'image.ready': ({ image, generation, file, virtualBytes, minDiskMiB }, { database: { db } }) => [
    db
      .update(s.image)
      .set({ state: 'ready', files: [file], virtualBytes, minDiskMiB, failure: null })
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
    sql`INSERT INTO guard (stale) SELECT 1 WHERE EXISTS (SELECT 1 FROM machine WHERE image = ${image})`,
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
    const { hypervisor, hypervisorVersion, acceleration, architecture, bootId, cpus, memoryMiB, diskMiB, warnings } = facts
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
    return [
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

const imageAt = (image: Id<'image'>, generation: number) =>
  sql`EXISTS (SELECT 1 FROM image WHERE id = ${image} AND generation = ${generation})`

/** Only what is newer replaces what is known: observers are ordered by their own (epoch, seq). */
const newer = (table: typeof s.hostObserved | typeof s.machineObserved | typeof s.imageObserved, epoch: number, seq: number) =>
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
