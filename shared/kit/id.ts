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
  enrolment: 'enr',
  fence: 'fnc',
  machine: 'vm',
  migration: 'mig',
  orphan: 'orp',
  flavor: 'flv',
  image: 'img',
  storagePool: 'spl',
  volume: 'vol',
  snapshot: 'snp',
  backup: 'bak',
  network: 'net',
  subnet: 'sub',
  port: 'prt',
  securityGroup: 'sg',
  securityRule: 'sgr',
  addressPool: 'apl',
  keyPair: 'kpr',
  placementGroup: 'pgr',
  allocation: 'alc',
  project: 'prj',
  price: 'prc',
  user: 'usr',
  accessKey: 'ak',
  session: 'ses',
  passkey: 'pky',
  identityProvider: 'idp',
  invitation: 'inv',
  operation: 'op',
  event: 'evt',
  webhook: 'whk',
  delivery: 'dlv',
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

const digits = (number: number, length: number): string => {
  let text = ''
  for (let left = number; text.length < length; left = Math.floor(left / 32)) text = alphabet.charAt(left % 32) + text
  return text
}

/** 10 characters of milliseconds, 10 of chance (48 bits). Those made by one maker in one millisecond rise, so that they sort as made. */
export function ids(clock: Clock, random: Random): Ids {
  let last = { at: -1, tail: 0 }
  return {
    make(noun) {
      const at = Math.max(0, Math.floor(clock.now()))
      const chance = random.bytes(6).reduce((sum, byte) => sum * 256 + byte, 0)
      last = { at, tail: at === last.at ? last.tail + 1 + (chance % 2 ** 20) : chance }
      return `${prefixes[noun]}_${digits(at, 10)}${digits(last.tail, 10)}`
    },
  }
}

const shape = /^[0-9a-hjkmnp-tv-z]{20}$/

export const isId = <N extends Noun>(noun: N, text: string): text is Id<N> =>
  text.startsWith(`${prefixes[noun]}_`) && shape.test(text.slice(prefixes[noun].length + 1))
