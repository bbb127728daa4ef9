import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { and, asc, desc, eq, gt, inArray, isNotNull, isNull, lt, lte, or, sql } from 'drizzle-orm'
import type { Store } from '../../../ports/store.ts'
import type { Database } from '../database.ts'
import * as s from '../schema.ts'
import { named } from './named.ts'
import { first, paged } from './page.ts'

export function operationReads(database: Database): Pick<Store, 'operations' | 'commands'> {
  const { db } = database
  return {
    operations: {
      async find(id) {
        const rows = await database.read(() => db.select().from(s.operation).where(eq(s.operation.id, id)))
        if (!rows.ok) return rows
        const found = first(rows.value)
        return found ? ok(found) : refuse('not_found', `there is no operation ${id}`)
      },
      async list(scope, subject, page) {
        const rows = await database.read(() =>
          db
            .select({ operation: s.operation, machine: s.migration.machine })
            .from(s.operation)
            .leftJoin(s.migration, eq(s.migration.id, sql`${s.operation.subject}`))
            .where(
              and(
                scope === 'platform' ? undefined : eq(s.operation.project, scope.project),
                subject === null
                  ? undefined
                  : or(
                      sql`${s.operation.subject} IN ${named(subject)}`,
                      sql`${s.operation.subject} IN (SELECT id FROM migration WHERE machine IN ${named(subject)})`,
                    ),
                page.after === null ? undefined : lt(s.operation.id, page.after as Id<'operation'>),
              ),
            )
            .orderBy(desc(s.operation.id))
            .limit(page.limit + 1),
        )
        return rows.ok
          ? ok(
              paged(
                rows.value.map(({ operation, machine }) => ({ ...operation, machine })),
                page.limit,
                o => o.id,
              ),
            )
          : rows
      },
      async stuck(page) {
        const rows = await database.read(() =>
          db
            .select()
            .from(s.operation)
            .where(
              and(
                // Written out: a partial index serves no predicate that comes as a parameter.
                sql`${s.operation.state} = 'stuck'`,
                page.after === null ? undefined : gt(s.operation.id, page.after as Id<'operation'>),
              ),
            )
            .orderBy(asc(s.operation.id))
            .limit(page.limit + 1),
        )
        return rows.ok ? ok(paged(rows.value, page.limit, o => o.id)) : rows
      },
      log: (id, limit) =>
        database.read(() =>
          db
            .select({ step: s.operationLog.step, outcome: s.operationLog.outcome, at: s.operationLog.at })
            .from(s.operationLog)
            .where(eq(s.operationLog.operation, id))
            .orderBy(desc(s.operationLog.version))
            .limit(limit),
        ),
      due: (shard, now, limit) =>
        database.read(() =>
          db
            .select()
            .from(s.operation)
            .where(and(eq(s.operation.shard, shard), isNotNull(s.operation.wakeAt), lte(s.operation.wakeAt, now)))
            .orderBy(asc(s.operation.wakeAt))
            .limit(limit),
        ),
      async nextWake(shard) {
        const rows = await database.read(() =>
          db
            .select({ at: s.operation.wakeAt })
            .from(s.operation)
            .where(and(eq(s.operation.shard, shard), isNotNull(s.operation.wakeAt)))
            .orderBy(asc(s.operation.wakeAt))
            .limit(1),
        )
        return rows.ok ? ok(first(rows.value)?.at ?? null) : rows
      },
      async dueShards(now) {
        const rows = await database.read(() =>
          db
            .selectDistinct({ shard: s.operation.shard })
            .from(s.operation)
            .where(and(isNotNull(s.operation.wakeAt), lte(s.operation.wakeAt, now))),
        )
        return rows.ok ? ok(rows.value.map(r => r.shard)) : rows
      },
    },
    commands: {
      async outcome(id) {
        const rows = await database.read(() =>
          db.select({ host: s.command.host, outcome: s.command.outcome }).from(s.command).where(eq(s.command.id, id)),
        )
        return rows.ok ? ok(first(rows.value)) : rows
      },
      async pending(hosts, since) {
        const rows = await database.read(() =>
          db
            .select({ id: s.command.id, body: s.command.body })
            .from(s.command)
            .where(and(inArray(s.command.host, [...hosts]), isNull(s.command.outcome), gt(s.command.at, since)))
            .limit(limits.bulk),
        )
        return rows.ok
          ? ok(rows.value.map(({ id, body }) => ({ id, subject: 'target' in body ? body.target : body.machine })))
          : rows
      },
    },
  }
}
