import { z } from 'zod'
import { limits } from '../model/limits.ts'

/**
 * How busy something was over a while, in this order: CPU (1: one core busy all the time), memory in use (bytes), and bytes a second read
 * from and written to disks, received from and sent to the network.
 */
export const Reading = z.tuple([
  z.number().nonnegative(),
  z.number().nonnegative(),
  z.number().nonnegative(),
  z.number().nonnegative(),
  z.number().nonnegative(),
  z.number().nonnegative(),
])
export type Reading = z.output<typeof Reading>

/** A reading and the end of the while that it is of, in ms since the epoch. */
export const Sample = z.strictObject({ at: z.number(), reading: Reading })
export type Sample = z.output<typeof Sample>

/** What an agent answers of one subject, oldest first. */
export const Samples = z.array(Sample).max(limits.sampleRing)

/** A question without effect: neither journalled nor kept, and no row comes of it. `machine` null: the host itself. */
export const Question = z.strictObject({ do: z.literal('samples'), machine: z.string().nullable(), after: z.number() })
export type Question = z.output<typeof Question>

/** What was, on average, between `at` and `limits.sampleWindow` later: of the host and of each machine that ran. */
export const Window = z.strictObject({
  at: z.int(),
  reading: Reading,
  machines: z.record(z.string().max(64), Reading).refine(of => Object.keys(of).length <= limits.bulk),
})
export type Window = z.output<typeof Window>
