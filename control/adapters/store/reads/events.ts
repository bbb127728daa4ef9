import { ok } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { and, asc, eq, gt, inArray, isNull, max, or, type SQL, sql } from 'drizzle-orm'
import type { Store, Watch } from '../../../ports/store.ts'
import type { Database } from '../database.ts'
import * as s from '../schema.ts'
import { first } from './page.ts'

/** Where `expire` keeps the seq of the last event that it dropped. */
export const forgottenKey = 'forgotten'

export function eventReads(database: Database): Store['events'] {
  const { db } = database
  const within = (scope: Watch) => (scope === 'platform' ? undefined : eq(s.event.project, scope.project))
  /** Of no project: hosts and agents. Only for who may see them: then a read of its own, since an OR would leave the index's order. */
  const ofNoProject = (scope: Watch) => (scope !== 'platform' && scope.hosts ? isNull(s.event.project) : sql`0`)
  const forgotten = () =>
    db.select({ seq: sql<number>`CAST(${s.meta.value} AS INTEGER)` }).from(s.meta).where(eq(s.meta.key, forgottenKey))

  return {
    async since(scope, seq, limit, subject) {
      const machines =
        subject === undefined
          ? null
          : db
              .select({ id: s.machine.id })
              .from(s.machine)
              .where(or(eq(s.machine.id, subject as Id<'machine'>), eq(s.machine.alias, subject)))
      const page = (...which: (SQL | undefined)[]) =>
        db
          .select()
          .from(s.event)
          .where(and(...which, gt(s.event.seq, seq)))
          .orderBy(asc(s.event.seq))
          .limit(limit)
      const rows = await database.read(() =>
        db.batch([
          page(within(scope), machines === null ? undefined : inArray(s.event.subject, machines)),
          page(ofNoProject(scope), subject === undefined ? undefined : eq(s.event.subject, subject)),
          forgotten(),
        ]),
      )
      if (!rows.ok) return rows
      const [ours, others, dropped] = rows.value
      const events = [...ours, ...others].sort((a, b) => a.seq - b.seq).slice(0, limit)
      return ok({ events, reset: seq > 0 && seq < (first(dropped)?.seq ?? 0) })
    },
    async newest(scope) {
      const last = (which: SQL | undefined) =>
        db
          .select({ seq: max(s.event.seq) })
          .from(s.event)
          .where(which)
      const rows = await database.read(() => db.batch([last(within(scope)), last(ofNoProject(scope)), forgotten()]))
      return rows.ok ? ok(Math.max(0, ...rows.value.map(found => first(found)?.seq ?? 0))) : rows
    },
  }
}
