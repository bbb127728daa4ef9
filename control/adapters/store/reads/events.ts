import { ok } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { and, asc, eq, gt, inArray, max, min, or } from 'drizzle-orm'
import type { Scope } from '../../../domain/access/principal.ts'
import type { Store } from '../../../ports/store.ts'
import type { Database } from '../database.ts'
import * as s from '../schema.ts'
import { first } from './page.ts'

export function eventReads(database: Database): Store['events'] {
  const { db } = database
  const within = (scope: Scope) => (scope === 'platform' ? undefined : eq(s.event.project, scope.project))
  return {
    async since(scope, seq, limit, subject) {
      const subjects =
        subject === undefined
          ? null
          : db
              .select({ id: s.machine.id })
              .from(s.machine)
              .where(or(eq(s.machine.id, subject as Id<'machine'>), eq(s.machine.alias, subject)))
      const rows = await database.read(() =>
        db.batch([
          db
            .select()
            .from(s.event)
            .where(and(within(scope), gt(s.event.seq, seq), subjects === null ? undefined : inArray(s.event.subject, subjects)))
            .orderBy(asc(s.event.seq))
            .limit(limit),
          db.select({ oldest: min(s.event.seq) }).from(s.event),
        ]),
      )
      if (!rows.ok) return rows
      const [events, oldest] = rows.value
      const from = first(oldest)?.oldest ?? null
      return ok({ events, reset: seq > 0 && from !== null && from > seq + 1 })
    },
    async newest(scope) {
      const rows = await database.read(() =>
        db
          .select({ seq: max(s.event.seq) })
          .from(s.event)
          .where(within(scope)),
      )
      return rows.ok ? ok(first(rows.value)?.seq ?? 0) : rows
    },
  }
}
