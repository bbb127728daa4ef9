import type { Id } from '@sirocco/shared/kit/id.ts'
import type { DeliveryState } from '@sirocco/shared/model/events/delivery.ts'

/** An address of a project's own that is told of its events. */
export interface Webhook {
  readonly id: Id<'webhook'>
  readonly project: Id<'project'>
  readonly url: string
  /** Which events: by type, or all of a noun (`machine.*`). Empty: all. */
  readonly types: readonly string[]
  readonly description: string
  /** Told of nothing since; null where it is told. */
  readonly disabledAt: number | null
  readonly createdAt: number
}

/** One event on its way to one webhook. */
export interface Delivery {
  /** Stays through all tries: by it the other end knows that it has this one. */
  readonly id: Id<'delivery'>
  readonly seq: number
  readonly type: string
  readonly state: DeliveryState
  readonly attempts: number
  /** null where no other try is due. */
  readonly nextAt: number | null
  /** What the other end answered last. */
  readonly status: number | null
  /** Why the last try failed. */
  readonly error: string | null
  readonly at: number
}

/** Whether a webhook is told of events of this type. */
export const tells = ({ types }: Pick<Webhook, 'types'>, type: string): boolean =>
  types.length === 0 || types.some(one => one === type || (one.endsWith('.*') && type.startsWith(one.slice(0, -1))))
