import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { and, eq, inArray, lt, notInArray, sql } from 'drizzle-orm'
import type { Secrets } from '../../ports/secrets.ts'
import type { Store } from '../../ports/store.ts'
import { type DatabaseParts, open } from './database.ts'
import { accessReads } from './reads/access.ts'
import { agentReads } from './reads/agents.ts'
import { catalogueReads } from './reads/catalogue.ts'
import { eventReads } from './reads/events.ts'
import { hostReads } from './reads/hosts.ts'
import { machineReads } from './reads/machines.ts'
import { networkReads } from './reads/networks.ts'
import { operationReads } from './reads/operations.ts'
import { first } from './reads/page.ts'
import { tagReads } from './reads/tags.ts'
import * as s from './schema.ts'
import { statementsOf } from './statements.ts'

/** The store over libSQL: Turso at the edge, a file behind our Hrana server on one machine, memory in tests. */
export function libsqlStore({ secrets, ...parts }: DatabaseParts & { readonly secrets: Secrets }): Store {
  const database = open(parts)
  const { db, clock } = database
  return {
    commit: changes => database.write(statementsOf(database, changes)),
    machines: machineReads(database),
    hosts: hostReads(database, secrets),
    agents: agentReads(database),
    networks: networkReads(database),
    tags: tagReads(database),
    events: eventReads(database),
    ...catalogueReads(database),
    ...operationReads(database),
    ...accessReads(database),
    async incarnation() {
      const rows = await database.read(() => db.select({ value: s.meta.value }).from(s.meta).where(eq(s.meta.key, 'incarnation')))
      if (!rows.ok) return rows
      const found = first(rows.value)
      return found
        ? ok(found.value)
        : refuse('internal', 'the database was never set up', { detail: 'meta.incarnation is missing' })
    },
    async expire() {
      const now = clock.now()
      const forgotten = db
        .select({ id: s.machine.id })
        .from(s.machine)
        .where(lt(s.machine.goneAt, now - limits.goneVisible))
        .limit(limits.reconcilePage)
      const old = <T extends typeof s.commit | typeof s.token | typeof s.event>(table: T, keep: number) =>
        db
          .delete(table)
          .where(
            sql`${table.at} < ${now - keep} AND rowid IN (SELECT rowid FROM ${table} WHERE ${table.at} < ${now - keep} LIMIT ${limits.reconcilePage})`,
          )
      const dropped = await database.read(() =>
        db.batch([
          old(s.commit, limits.tokenRetention),
          old(s.token, limits.tokenRetention),
          old(s.event, limits.eventRetention),
          db.delete(s.session).where(lt(s.session.expiresAt, now)),
          db.delete(s.machineObserved).where(inArray(s.machineObserved.machine, forgotten)),
          db.delete(s.tag).where(inArray(s.tag.resource, forgotten)),
          db.delete(s.operation).where(and(inArray(s.operation.subject, forgotten), notInArray(s.operation.state, ['stuck']))),
          db.delete(s.allocation).where(and(inArray(s.allocation.consumer, forgotten), sql`${s.allocation.until} IS NOT NULL`)),
          db.delete(s.machine).where(inArray(s.machine.id, forgotten)),
        ]),
      )
      return dropped.ok ? ok(dropped.value.reduce((sum, result) => sum + result.rowsAffected, 0)) : dropped
    },
  }
}
