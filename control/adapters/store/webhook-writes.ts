import { and, eq, sql } from 'drizzle-orm'
import type { WebhookChange } from '../../ports/webhooks.ts'
import * as s from './schema.ts'
import { unless, type Write } from './write.ts'

const newest = (project: unknown) => sql<number>`(SELECT coalesce(max(seq), 0) FROM event WHERE project = ${project})`

/** Webhooks and what is on its way to them: how each change is written. */
export const webhookWrites: { readonly [D in WebhookChange['do']]: Write<D> } = {
  'webhook.insert': ({ webhook, secret, limit }, { database: { db }, now }) => [
    db.insert(s.webhook).values({ ...webhook, secret, cursor: newest(webhook.project), createdAt: now }),
    sql`INSERT INTO guard (quota) SELECT 1 WHERE (SELECT count(*) FROM webhook WHERE project = ${webhook.project}) > ${limit}`,
  ],
  'webhook.change': ({ do: _, webhook, disabled, ...change }, { database: { db }, now }) => [
    db
      .update(s.webhook)
      .set({
        ...change,
        ...(disabled === undefined ? {} : { disabledAt: disabled ? now : null }),
        ...(disabled === false
          ? {
              cursor: sql`CASE WHEN ${s.webhook.disabledAt} IS NULL THEN ${s.webhook.cursor} ELSE ${newest(s.webhook.project)} END`,
            }
          : {}),
        // An update of nothing is no statement.
        id: webhook,
      })
      .where(eq(s.webhook.id, webhook)),
    unless('conflict'),
  ],
  'webhook.delete': ({ webhook }, { database: { db } }) => [
    db.delete(s.webhookDelivery).where(eq(s.webhookDelivery.webhook, webhook)),
    db.delete(s.webhook).where(eq(s.webhook.id, webhook)),
  ],
  'webhook.gather': ({ webhook, from, cursor, deliveries }, { database: { db }, now }) => [
    db
      .update(s.webhook)
      .set({ cursor })
      .where(and(eq(s.webhook.id, webhook), eq(s.webhook.cursor, from))),
    unless('stale'),
    ...(deliveries.length === 0
      ? []
      : [
          db
            .insert(s.webhookDelivery)
            .values(deliveries.map(one => ({ ...one, webhook, state: 'waiting' as const, attempts: 0, nextAt: now, at: now }))),
        ]),
  ],
  'delivery.try': ({ delivery, attempts, until }, { database: { db } }) => [
    db
      .update(s.webhookDelivery)
      .set({ attempts: attempts + 1, nextAt: until })
      .where(
        and(eq(s.webhookDelivery.id, delivery), eq(s.webhookDelivery.attempts, attempts), eq(s.webhookDelivery.state, 'waiting')),
      ),
    unless('stale'),
  ],
  'delivery.tried': ({ do: _, delivery, attempts, ...how }, { database: { db } }) => [
    db
      .update(s.webhookDelivery)
      .set(how)
      .where(and(eq(s.webhookDelivery.id, delivery), eq(s.webhookDelivery.attempts, attempts))),
  ],
  'delivery.again': ({ delivery }, { database: { db }, now }) => [
    db.update(s.webhookDelivery).set({ state: 'waiting', attempts: 0, nextAt: now }).where(eq(s.webhookDelivery.id, delivery)),
  ],
}
