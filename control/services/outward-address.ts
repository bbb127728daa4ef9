import { isPublicAddress } from '@sirocco/shared/kit/addresses.ts'

/** An address by number that is not public can only be one that an administrator has put on the allow-list: it may do without a certificate. */
const isInner = (host: string): boolean => {
  const bare = host.replace(/^\[|\]$/g, '')
  return /^[\d.]+$|:/.test(bare) && !isPublicAddress(bare)
}

/** Whether this may be asked of the Internet: by https, with nothing that may be a credential. */
export const mayBeAsked = ({ protocol, hostname, username, password, hash }: URL): boolean =>
  [username, password, hash].every(part => part === '') && (protocol === 'https:' || (protocol === 'http:' && isInner(hostname)))
