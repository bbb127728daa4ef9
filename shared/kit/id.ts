import type { Clock } from './clock.ts'
import type { Random } from './random.ts'

/** The prefix of every noun's id, as in the words of the design. */
export const prefixes = {
  provider: 'prv',
  cloudAccount: 'cac',
  region: 'rgn',
  zone: 'zon',
  agent: 'agt',
  host: 'hst',
  machine: 'vm',
  flavor: 'flv',
  image: 'img',
  network: 'net',
  subnet: 'sub',
  port: 'prt',
  addressPool: 'apl',
  keyPair: 'kpr',
  allocation: 'alc',
  project: 'prj',
  user: 'usr',
  accessKey: 'ak',
  session: 'ses',
  operation: 'op',
  event: 'evt',
  command: 'cmd',
  commit: 'cmt',
  ticket: 'tkt',
} as const
export type Noun = keyof typeof prefixes

/** `vm_01k…`: the prefix and 20 characters that sort by time of making. */
export type Id<N extends Noun> = `${(typeof prefixes)[N]}_${string}`

export interface Ids {
  make<N extends Noun>(noun: N): Id<N>
}

/** Crockford's base 32, lower case: no i, l, o, u. */
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'

/** 10 characters of milliseconds, 10 of chance (50 bits). */
export const ids = (clock: Clock, random: Random): Ids => ({
  make(noun) {
    let time = Math.max(0, Math.floor(clock.now()))
    let stamp = ''
    for (let i = 0; i < 10; i++) {
      stamp = alphabet.charAt(time % 32) + stamp
      time = Math.floor(time / 32)
    }
    const tail = Array.from(random.bytes(10), byte => alphabet.charAt(byte & 31)).join('')
    return `${prefixes[noun]}_${stamp}${tail}`
  },
})

const shape = /^[0-9a-hjkmnp-tv-z]{20}$/

export const isId = <N extends Noun>(noun: N, text: string): text is Id<N> =>
  text.startsWith(`${prefixes[noun]}_`) && shape.test(text.slice(prefixes[noun].length + 1))
