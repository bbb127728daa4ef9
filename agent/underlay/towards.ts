import { connect, isIPv4 } from 'node:net'
import { second } from '@sirocco/shared/kit/clock.ts'

const answerWithin = 10 * second

/** The address by which this machine reaches a URL's host; null where that is on the machine itself, or does not answer. */
export function addressTowards(url: string): Promise<string | null> {
  const { hostname, port, protocol } = new URL(url)
  const socket = connect({
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port),
    timeout: answerWithin,
  })
  return new Promise(resolve => {
    const end = (address: string | null) => {
      socket.destroy()
      resolve(address)
    }
    socket.once('connect', () => end(farReaching(socket.localAddress ?? '')))
    socket.once('timeout', () => end(null))
    socket.once('error', () => end(null))
  })
}

/** Null for what reaches no other machine, or only those of one link. */
const farReaching = (address: string): string | null => {
  const plain = address.replace(/^::ffff:/i, '')
  return plain === '' || plain === '::1' || (isIPv4(plain) && plain.startsWith('127.')) || /^fe80:/i.test(plain) ? null : plain
}
