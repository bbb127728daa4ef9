import type * as api from '@sirocco/shared/api/webhooks.ts'
import type { Delivery, Webhook } from '../../../domain/events/webhook.ts'
import { time } from './time.ts'

const timeOrNull = (at: number | null): string | null => (at === null ? null : time(at))

export const webhookJson = ({ id, url, types, description, disabledAt, createdAt }: Webhook): api.Webhook => ({
  id,
  url,
  types: [...types],
  description,
  disabledAt: timeOrNull(disabledAt),
  createdAt: time(createdAt),
})

export const deliveryJson = ({ nextAt, at, ...delivery }: Delivery): api.Delivery => ({
  ...delivery,
  nextAt: timeOrNull(nextAt),
  at: time(at),
})
