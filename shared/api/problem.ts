import { z } from 'zod'
import { faultCodes } from '../kit/fault.ts'
import { Keyed } from './text.ts'

/** RFC 9457, as `application/problem+json`. */
export const Problem = z.strictObject({
  /** `https://sirocco.dev/problems/<code>`. */
  type: z.url(),
  title: z.string(),
  status: z.int(),
  /** For the person who asked: what happened and what to do. */
  detail: z.string(),
  code: z.enum(faultCodes),
  ...Keyed,
  /** The field at fault, as a dotted path of the request. */
  field: z.string().optional(),
  /** The id of the request: what to tell support. */
  instance: z.string(),
})
export type Problem = z.output<typeof Problem>
