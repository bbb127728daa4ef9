import type { Id } from '@sirocco/shared/kit/id.ts'
import type { DeliveryState } from '@sirocco/shared/model/events/delivery.ts'
import { index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'

/** Addresses that are told of a project's events. */
export const webhook = sqliteTable(
  'webhook',
  {
    id: text().$type<Id<'webhook'>>().primaryKey(),
    project: text().$type<Id<'project'>>().notNull(),
    url: text().notNull(),
    types: text({ mode: 'json' }).$type<readonly string[]>().notNull(),
    description: text().notNull(),
    /** Sealed; place `webhook|<id>|secret`. */
    secret: text().notNull(),
    /** Events up to this one are on their way. */
    cursor: integer().notNull(),
    disabledAt: integer(),
    createdAt: integer().notNull(),
  },
  t => [index('webhook_project').on(t.project, t.id)],
)

/** One event on its way to one webhook, and how that went. */
export const webhookDelivery = sqliteTable(
  'webhook_delivery',
  {
    id: text().$type<Id<'delivery'>>().primaryKey(),
    webhook: text().$type<Id<'webhook'>>().notNull(),
    seq: integer().notNull(),
    type: text().notNull(),
    /** What is sent, to the byte: it is signed anew for each try. */
    body: text().notNull(),
    state: text().$type<DeliveryState>().notNull(),
    attempts: integer().notNull(),
    /** null: no other try is due. */
    nextAt: integer(),
    status: integer(),
    error: text(),
    at: integer().notNull(),
  },
  t => [
    index('webhook_delivery_webhook').on(t.webhook, t.id),
    index('webhook_delivery_next').on(t.nextAt),
    index('webhook_delivery_at').on(t.at),
  ],
)
