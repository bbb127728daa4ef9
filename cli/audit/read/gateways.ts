import { readdir } from 'node:fs/promises'
import { ok } from '@sirocco/shared/kit/fault.ts'
import { z } from 'zod'
import type { Place } from '../../place.ts'
import { read } from '../../run.ts'
import type { Found } from '../item.ts'
import { type Link, listing, networkOf, readLinks } from './links.ts'
import type { Reader } from './reader.ts'

/** `ip -n NAME -j address`, of which only what decides. */
const Addresses = z.array(
  z.object({
    ifname: z.string().optional(),
    flags: z.array(z.string()).default([]),
    addr_info: z
      .array(z.object({ family: z.string().optional(), local: z.string().optional(), prefixlen: z.number().optional() }))
      .default([]),
  }),
)
const Routes = z.array(z.object({ gateway: z.string().optional(), dev: z.string().optional() }))

/** A namespace, as far as it can be looked into. */
export interface Inside {
  readonly name: string
  /** Of its end in the network; empty where that is not up. */
  readonly address: string
  /** The next hop of what is for elsewhere. */
  readonly hop: string
  readonly filters: boolean
}

/** Gateways that are apart from the host, by the network that the alias of their legs names: a namespace, and a link each way. */
export const gateways: Reader = {
  kinds: ['gateway'],
  async read(place) {
    const links = await readLinks()
    if (!links.ok) return links
    const names = (await readdir('/run/netns').catch(() => [])).filter(name => name.startsWith(`sn${place.tag}`))
    return ok(gatewaysOf(place, links.value, await Promise.all(names.map(look))))
  },
}

/** One that cannot be looked into has nothing. */
async function look(name: string): Promise<Inside> {
  const [addresses, routes, rules] = await Promise.all([
    listing('ip', ['-n', name, '-j', '-4', 'address', 'show'], Addresses),
    listing('ip', ['-n', name, '-j', '-4', 'route', 'show', 'default'], Routes),
    read('nsenter', [`--net=/run/netns/${name}`, 'nft', 'list', 'table', 'inet', 'sirocco']),
  ])
  const lan = addresses.ok ? addresses.value.find(({ ifname, flags }) => ifname === 'lan' && flags.includes('UP')) : undefined
  return {
    name,
    address: (lan?.addr_info ?? []).map(({ local, prefixlen }) => `${local}/${prefixlen}`).join(' '),
    hop: (routes.ok && routes.value.find(({ dev }) => dev === 'out')?.gateway) || '',
    filters: rules.ok && ['hook input', 'hook forward', 'masquerade'].every(word => rules.value.includes(word)),
  }
}

export function gatewaysOf(place: Pick<Place, 'instance' | 'tag'>, links: readonly Link[], spaces: readonly Inside[]): Found[] {
  const prefixes = ['sv', 'se'].map(kind => `${kind}${place.tag}`)
  const ours = links.filter(({ ifname }) => prefixes.some(prefix => ifname.startsWith(prefix)))
  const of = (prefix: string, word: string) =>
    new Map(ours.filter(({ ifname }) => ifname.startsWith(prefix)).map(link => [networkOf(place, link, word), link]))
  const [legs, uplinks] = [of(`sv${place.tag}`, 'sirocco-leg'), of(`se${place.tag}`, 'sirocco-uplink')]
  const used = new Set<string>()
  const whole = [...legs].flatMap(([network, leg]): Found[] => {
    const space = spaces.find(({ name }) => name.slice(2) === leg.ifname.slice(2))
    const uplink = uplinks.get(network)
    if (network === null || !space || !uplink) return []
    for (const name of [leg.ifname, uplink.ifname, space.name]) used.add(name)
    const up = [leg, uplink].every(({ flags }) => flags.includes('UP'))
    const joined = uplink.addr_info.some(({ local }) => local === space.hop)
    return [
      {
        kind: 'gateway',
        id: network,
        facts: { address: space.address, filters: space.filters, outward: up && joined },
        where: `namespace ${space.name}`,
      },
    ]
  })
  const loose = [
    ...ours.map(({ ifname }) => ({ name: ifname, where: `link ${ifname}` })),
    ...spaces.map(({ name }) => ({ name, where: `namespace ${name}` })),
  ]
  return [
    ...whole,
    ...loose
      .filter(({ name }) => !used.has(name))
      .map(({ name, where }): Found => ({ kind: 'link', id: name, facts: {}, where })),
  ]
}
