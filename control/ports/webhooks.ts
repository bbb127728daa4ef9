import type { Result } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import type { Delivery, Webhook } from '../domain/events/webhook.ts'
import type { Page, Paged } from './store.ts'

export type WebhookChange =
  /** It begins with the next event. Guard `quota` where the project has `limit` already. */
  | {
      readonly do: 'webhook.insert'
      readonly webhook: Omit<Webhook, 'disabledAt' | 'createdAt'>
      /** Sealed. */
      readonly secret: string
      readonly limit: number
    }
  /** What is not named stays; one that is told again begins with the next event. Guard `conflict` where it is gone. */
  | ({ readonly do: 'webhook.change'; readonly webhook: Id<'webhook'>; readonly disabled?: boolean } & Partial<
      Pick<Webhook, 'url' | 'types' | 'description'>
    >)
  /** With all its deliveries. */
  | { readonly do: 'webhook.delete'; readonly webhook: Id<'webhook'> }
  /** Events up to `cursor` are on their way. Guard `stale` where another was first. */
  | {
      readonly do: 'webhook.gather'
      readonly webhook: Id<'webhook'>
      readonly from: number
      readonly cursor: number
      readonly deliveries: readonly (Pick<Delivery, 'id' | 'seq' | 'type'> & { readonly body: string })[]
    }
  /** One try begins, and no other before `until`. Guard `stale` where another began it. */
  | { readonly do: 'delivery.try'; readonly delivery: Id<'delivery'>; readonly attempts: number; readonly until: number }
  /** How the try that was its `attempts`-th ended. */
  | ({ readonly do: 'delivery.tried'; readonly delivery: Id<'delivery'>; readonly attempts: number } & Pick<
      Delivery,
      'state' | 'nextAt' | 'status' | 'error'
    >)
  /** It is sent anew, as if never tried. */
  | { readonly do: 'delivery.again'; readonly delivery: Id<'delivery'> }

/** A webhook that has events to tell. */
export interface Behind extends Pick<Webhook, 'id' | 'project' | 'types'> {
  readonly cursor: number
}
export interface DueDelivery extends Pick<Delivery, 'id' | 'attempts'> {
  readonly webhook: Id<'webhook'>
  readonly url: string
  /** Sealed. */
  readonly secret: string
  readonly body: string
}

export interface WebhookReads {
  list(project: Id<'project'>, page: Page): Promise<Result<Paged<Webhook>>>
  find(project: Id<'project'>, id: string): Promise<Result<Webhook>>
  /** Newest first. */
  deliveries(webhook: Id<'webhook'>, page: Page): Promise<Result<Paged<Delivery>>>
  delivery(webhook: Id<'webhook'>, id: string): Promise<Result<Delivery>>
  /** Of one project, or of any. */
  behind(project: Id<'project'> | null, limit: number): Promise<Result<readonly Behind[]>>
  due(project: Id<'project'> | null, limit: number): Promise<Result<readonly DueDelivery[]>>
  /** Whether a project has any that is told. */
  any(project: Id<'project'>): Promise<Result<boolean>>
}
