import type { Result } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'

/** Two sockets joined by a ticket: a person's and an agent's. */
export interface Streams {
  /** Makes the meeting point of `ticket`; each side may come once, within `limits.ticket`, the agent's only as `agent`. */
  open(ticket: string, meeting: { readonly agent: Id<'agent'>; readonly machine: Id<'machine'> }): Promise<Result<void>>
}
