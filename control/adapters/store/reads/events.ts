import { ok } from '@sirocco/shared/kit/fault.ts'
import { and, asc, eq, gt, isNull, max, type SQL, sql } from 'drizzle-orm'
import type { Store, Watch } from '../../../ports/store.ts'
import type { Database } from '../database.ts'
import * as s from '../schema.ts'
import { named } from './named.ts'
import { first } from './page.ts'

/** Where `expire` keeps the seq of the last event that it dropped. */
export const forgottenKey = 'forgotten'

export function eventReads(database: Database): Store['events'] {
  const { db } = database
  /** Of hosts and agents, which belong to no project: a read of its own, since an OR would leave the index's order. */
  const ofNoProject = isNull(s.event.project)
  const within = (scope: Watch) => (scope === 'platform' ? undefined : eq(s.event.project, scope.project))
  const andHosts = (scope: Watch) => scope !== 'platform' && scope.hosts === true
  const forgotten = () =>
    db
      .select({ seq: sql<number>`CAST(${s.meta.value} AS INTEGER)` })
      .from(s.meta)
      .where(eq(s.meta.key, forgottenKey))

  return {
    async since(scope, seq, limit, subject) {
      const page = (...which: (SQL | undefined)[]) =>
        db
          .select()
          .from(s.event)
          .where(and(...which, gt(s.event.seq, seq)))
          .orderBy(asc(s.event.seq))
          .limit(limit)
      const ours = page(within(scope), subject === undefined ? undefined : sql`${s.event.subject} IN ${named(subject)}`)
      const others = page(ofNoProject, subject === undefined ? undefined : eq(s.event.subject, subject))
      const rows = await database.read(async () => {
        if (!andHosts(scope)) return await db.batch([forgotten(), ours])
        const [dropped, a, b] = await db.batch([forgotten(), ours, others])
        return [dropped, [...a, ...b].sort((x, y) => x.seq - y.seq).slice(0, limit)] as const
      })
      if (!rows.ok) return rows
      const [dropped, events] = rows.value
      return ok({ events, reset: seq > 0 && seq < (first(dropped)?.seq ?? 0) })
    },
    async newest(scope) {
      const last = (which: SQL | undefined) =>
        db
          .select({ seq: max(s.event.seq) })
          .from(s.event)
          .where(which)
      const rows = await database.read(() =>
        db.batch(andHosts(scope) ? [forgotten(), last(within(scope)), last(ofNoProject)] : [forgotten(), last(within(scope))]),
      )
      return rows.ok ? ok(Math.max(0, ...rows.value.map(found => first<{ seq: number | null }>(found)?.seq ?? 0))) : rows
    },
  }
}
