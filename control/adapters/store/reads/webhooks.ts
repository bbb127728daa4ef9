import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { and, asc, desc, eq, gt, isNull, lt, lte, sql } from 'drizzle-orm'
import type { WebhookReads } from '../../../ports/webhooks.ts'
import type { Database } from '../database.ts'
import * as s from '../schema.ts'
import { first, paged } from './page.ts'

const columns = {
  id: s.webhook.id,
  project: s.webhook.project,
  url: s.webhook.url,
  types: s.webhook.types,
  description: s.webhook.description,
  disabledAt: s.webhook.disabledAt,
  createdAt: s.webhook.createdAt,
}
const deliveryColumns = {
  id: s.webhookDelivery.id,
  seq: s.webhookDelivery.seq,
  type: s.webhookDelivery.type,
  state: s.webhookDelivery.state,
  attempts: s.webhookDelivery.attempts,
  nextAt: s.webhookDelivery.nextAt,
  status: s.webhookDelivery.status,
  error: s.webhookDelivery.error,
  at: s.webhookDelivery.at,
}

export function webhookReads(database: Database): WebhookReads {
  const { db, clock } = database
  const told = isNull(s.webhook.disabledAt)
  const of = (project: Id<'project'> | null) => (project === null ? undefined : eq(s.webhook.project, project))
  return {
    async list(project, page) {
      const rows = await database.read(() =>
        db
          .select(columns)
          .from(s.webhook)
          .where(
            and(eq(s.webhook.project, project), page.after === null ? undefined : gt(s.webhook.id, page.after as Id<'webhook'>)),
          )
          .orderBy(asc(s.webhook.id))
          .limit(page.limit + 1),
      )
      return rows.ok ? ok(paged(rows.value, page.limit, row => row.id)) : rows
    },
    async find(project, id) {
      const rows = await database.read(() =>
        db
          .select(columns)
          .from(s.webhook)
          .where(and(eq(s.webhook.id, id as Id<'webhook'>), eq(s.webhook.project, project))),
      )
      if (!rows.ok) return rows
      const found = first(rows.value)
      return found ? ok(found) : refuse('not_found', `there is no webhook ${id} in this project`, { field: 'webhook' })
    },
    async deliveries(webhook, page) {
      const rows = await database.read(() =>
        db
          .select(deliveryColumns)
          .from(s.webhookDelivery)
          .where(
            and(
              eq(s.webhookDelivery.webhook, webhook),
              page.after === null ? undefined : lt(s.webhookDelivery.id, page.after as Id<'delivery'>),
            ),
          )
          .orderBy(desc(s.webhookDelivery.id))
          .limit(page.limit + 1),
      )
      return rows.ok ? ok(paged(rows.value, page.limit, row => row.id)) : rows
    },
    async delivery(webhook, id) {
      const rows = await database.read(() =>
        db
          .select(deliveryColumns)
          .from(s.webhookDelivery)
          .where(and(eq(s.webhookDelivery.id, id as Id<'delivery'>), eq(s.webhookDelivery.webhook, webhook))),
      )
      if (!rows.ok) return rows
      const found = first(rows.value)
      return found ? ok(found) : refuse('not_found', `there is no delivery ${id} of this webhook`, { field: 'delivery' })
    },
    behind: (project, limit) =>
      database.read(() =>
        db
          .select({ id: s.webhook.id, project: s.webhook.project, types: s.webhook.types, cursor: s.webhook.cursor })
          .from(s.webhook)
          .where(
            and(
              told,
              of(project),
              sql`EXISTS (SELECT 1 FROM event e WHERE e.project = ${s.webhook.project} AND e.seq > ${s.webhook.cursor})`,
            ),
          )
          .limit(limit),
      ),
    due: (project, limit) =>
      database.read(() =>
        db
          .select({
            id: s.webhookDelivery.id,
            attempts: s.webhookDelivery.attempts,
            webhook: s.webhook.id,
            url: s.webhook.url,
            secret: s.webhook.secret,
            body: s.webhookDelivery.body,
          })
          .from(s.webhookDelivery)
          .innerJoin(s.webhook, eq(s.webhook.id, s.webhookDelivery.webhook))
          .where(and(lte(s.webhookDelivery.nextAt, clock.now()), told, of(project)))
          .orderBy(asc(s.webhookDelivery.nextAt))
          .limit(limit),
      ),
    async any(project) {
      const rows = await database.read(() =>
        db
          .select({ id: s.webhook.id })
          .from(s.webhook)
          .where(and(eq(s.webhook.project, project), told))
          .limit(1),
      )
      return rows.ok ? ok(rows.value.length > 0) : rows
    },
  }
}
