import { z } from 'zod'
import { limits } from '../model/limits.ts'
import { WireId } from './words.ts'

const Count = z.int().nonnegative()

/** What one host was used for within one hour: the parts that are billed, in whole units. */
export const UsageRecord = z
  .strictObject({
    /** From 1, without a gap within its series. */
    n: z.int().positive(),
    /** When the hour began, in ms since the epoch. */
    hour: z.int().nonnegative(),
    /** Seconds that a machine ran (paused by its owner, it does), of which shape, and bytes that it received and sent. */
    machines: z.array(
      z.strictObject({ id: WireId, seconds: Count, vcpus: Count, memoryMiB: Count, received: Count, sent: Count }),
    ),
    /** Size times the seconds for which a volume lay here. */
    volumes: z.array(z.strictObject({ id: WireId, pool: WireId, mibSeconds: Count })),
  })
  .refine(({ machines, volumes }) => machines.length + volumes.length <= limits.usageItems)
export type UsageRecord = z.output<typeof UsageRecord>

/** Numbers count within a series: new where the agent's own file was lost. */
export const Series = z.string().regex(/^[0-9a-f]{16}$/)
