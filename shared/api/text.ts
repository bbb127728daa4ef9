import { z } from 'zod'
import { faultCodes } from '../kit/fault.ts'
import { limits } from '../model/limits.ts'

/** Our id, or the id that EC2 clients use. */
export const Ref = z.string().min(1).max(64)

/** RFC 3339, UTC, milliseconds. */
export const Time = z.iso.datetime()

export const Tags = z
  .record(z.string().min(1).max(128), z.string().max(256))
  .refine(tags => Object.keys(tags).length <= limits.tags, { message: `at most ${limits.tags} tags` })

/** Of a message: its key, which stays whatever the words, and what stands in it. Absent where it has none. */
export const Keyed = { key: z.string().optional(), params: z.record(z.string(), z.string()).optional() }

/** Why something failed, for the person who looks. */
export const Reason = z.strictObject({ code: z.enum(faultCodes), message: z.string(), ...Keyed })
