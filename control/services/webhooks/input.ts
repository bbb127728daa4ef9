import { isPublicAddress } from '@sirocco/shared/kit/addresses.ts'
import { z } from 'zod'

/** `machine.state`, or all of a noun: `machine.*`. */
export const Types = z
  .array(
    z
      .string()
      .regex(/^[a-z-]{1,40}\.([a-z-]{1,40}|\*)$/, 'write a type of event as machine.state, or machine.* for all of a noun'),
  )
  .max(50)

/** An address by number that is not public can only be one that an administrator has put on the allow-list: it may do without a certificate. */
const isInner = (host: string): boolean => {
  const bare = host.replace(/^\[|\]$/g, '')
  return /^[\d.]+$|:/.test(bare) && !isPublicAddress(bare)
}

export const Url = z
  .string()
  .max(2_000)
  .refine(text => {
    const url = URL.parse(text)
    if (url === null || [url.username, url.password, url.hash].some(part => part !== '')) return false
    return url.protocol === 'https:' || (url.protocol === 'http:' && isInner(url.hostname))
  }, 'write an address that begins with https://, without user name, password or #')

export const Description = z.string().max(255)
