import { z } from 'zod'
import { deliveryStates } from '../model/events/delivery.ts'
import { pageOf } from './page.ts'
import { Time } from './text.ts'

/** `types`: of events, or all of a noun (`machine.*`); empty: all. */
export const Webhook = z.strictObject({
  id: z.string(),
  url: z.string(),
  types: z.array(z.string()),
  description: z.string(),
  disabledAt: Time.nullable(),
  createdAt: Time,
})
export type Webhook = z.output<typeof Webhook>
export const WebhookPage = pageOf(Webhook)
export const WebhookParams = z.strictObject({ id: z.string().min(3).max(64) })
export const NewWebhook = z.strictObject({
  url: z.string().min(8).max(2_000),
  types: z.array(z.string().max(100)).max(50).optional(),
  description: z.string().max(255).optional(),
})
/** The secret is shown once: by it the other end knows who speaks (Standard Webhooks). */
export const MadeWebhook = Webhook.extend({ secret: z.string() })
export type MadeWebhook = z.output<typeof MadeWebhook>
/** What is not named stays as it is. */
export const ChangeWebhook = NewWebhook.partial().extend({ disabled: z.boolean().optional() })

export const Delivery = z.strictObject({
  id: z.string(),
  seq: z.int(),
  type: z.string(),
  state: z.enum(deliveryStates),
  attempts: z.int(),
  nextAt: Time.nullable(),
  status: z.int().nullable(),
  error: z.string().nullable(),
  at: Time,
})
export type Delivery = z.output<typeof Delivery>
export const DeliveryPage = pageOf(Delivery)
export const DeliveryParams = z.strictObject({ id: z.string().min(3).max(64), delivery: z.string().min(3).max(64) })
