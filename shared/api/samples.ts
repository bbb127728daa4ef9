import { z } from 'zod'
import { Time } from './text.ts'

/** Without `from` and `to` the last hour; without `step` (seconds) one that gives at most some 400 points. */
export const SampleQuery = z.strictObject({
  from: Time.optional(),
  to: Time.optional(),
  step: z.coerce.number().int().positive().optional(),
})

/** On average over `step` seconds from `at` on. Steps without any reading are left out. */
const Point = z.strictObject({
  at: Time,
  /** Cores: 1 is one of them busy all the time. */
  cpu: z.number(),
  memoryBytes: z.number(),
  /** Bytes a second. */
  diskReadRate: z.number(),
  diskWriteRate: z.number(),
  networkInRate: z.number(),
  networkOutRate: z.number(),
})

export const Usage = z.strictObject({
  from: Time,
  to: Time,
  /** Seconds. */
  step: z.number(),
  /** The host answered; otherwise there is kept history alone, of steps of five minutes. */
  live: z.boolean(),
  points: z.array(Point),
})
export type Usage = z.output<typeof Usage>
