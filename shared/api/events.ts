import { z } from 'zod'
import { limits } from '../model/limits.ts'
import { Ref, Time } from './text.ts'

/** Thin: says that something happened to `subject`; who cares reads the subject. */
export const Event = z.strictObject({
  /** The only cursor: events after it are asked for by it. */
  seq: z.int(),
  id: z.string(),
  type: z.string(),
  subject: z.string(),
  data: z.record(z.string(), z.unknown()),
  at: Time,
})
export type Event = z.output<typeof Event>

export const EventQuery = z.strictObject({
  /** Events after this `seq`, oldest first. */
  after: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(limits.pageMax).default(limits.page),
  subject: Ref.optional(),
})

/** `reset`: events after the cursor were forgotten already; read everything anew, then go on from `cursor`. */
export const EventPage = z.strictObject({ items: z.array(Event), reset: z.boolean(), cursor: z.int() })

/** What the WebSocket `/api/v1/feed?after=<seq>` says; first where it begins, then as things happen. */
export const FeedMessage = z.union([
  z.strictObject({ events: z.array(Event), cursor: z.int() }),
  z.strictObject({ reset: z.literal(true), cursor: z.int() }),
])
export type FeedMessage = z.output<typeof FeedMessage>

/** A row of the log of events as clients see it. */
export const eventJson = ({
  at,
  data,
  seq,
  id,
  type,
  subject,
}: {
  readonly seq: number
  readonly id: string
  readonly type: string
  readonly subject: string
  readonly data: Readonly<Record<string, unknown>>
  readonly at: number
}): Event => ({ seq, id, type, subject, data: { ...data }, at: new Date(at).toISOString() })
