import { z } from 'zod'
import { mayBeAsked } from '../outward-address.ts'

/** `machine.state`, or all of a noun: `machine.*`. */
export const Types = z
  .array(
    z
      .string()
      .regex(/^[a-z-]{1,40}\.([a-z-]{1,40}|\*)$/, 'write a type of event as machine.state, or machine.* for all of a noun'),
  )
  .max(50)

export const Url = z
  .string()
  .max(2_000)
  .refine(text => {
    const url = URL.parse(text)
    return url !== null && mayBeAsked(url)
  }, 'write an address that begins with https://, without user name, password or #')

export const Description = z.string().max(255)
