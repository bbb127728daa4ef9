import { ok } from '@sirocco/shared/kit/fault.ts'
import { z } from 'zod'
import type { Place } from '../../place.ts'
import type { Found } from '../item.ts'
import { listing, networkOf } from './links.ts'
import type { Reader } from './reader.ts'

/** `ip -j -d link show type vxlan`. */
const Tunnels = z.array(
  z.object({
    ifname: z.string(),
    ifalias: z.string().optional(),
    master: z.string().optional(),
    flags: z.array(z.string()),
    linkinfo: z.object({ info_data: z.object({ id: z.number() }) }),
  }),
)
/** `bridge -j fdb show`. */
const Entries = z.array(
  z.object({
    mac: z.string(),
    ifname: z.string().optional(),
    dst: z.string().optional(),
    master: z.string().optional(),
    state: z.string().optional(),
  }),
)
/** `ip -j -4 neigh show nud permanent`. */
const Known = z.array(z.object({ dst: z.string(), dev: z.string(), lladdr: z.string().optional() }))

/** Tunnels by the network that their alias names; ports of other hosts by MAC, wherever one of the three tables knows them. */
export const tunnels: Reader = {
  kinds: ['tunnel', 'neighbour'],
  async read(place) {
    const [links, entries, known] = await Promise.all([
      listing('ip', ['-j', '-d', 'link', 'show', 'type', 'vxlan'], Tunnels),
      listing('bridge', ['-j', 'fdb', 'show'], Entries),
      listing('ip', ['-j', '-4', 'neigh', 'show', 'nud', 'permanent'], Known),
    ])
    if (!links.ok) return links
    if (!entries.ok) return entries
    if (!known.ok) return known
    return ok(tunnelsOf(place, links.value, entries.value, known.value))
  },
}

export function tunnelsOf(
  place: Pick<Place, 'instance' | 'tag'>,
  links: z.output<typeof Tunnels>,
  entries: z.output<typeof Entries>,
  known: z.output<typeof Known>,
): Found[] {
  const ours = links.filter(({ ifname }) => ifname.startsWith(`sx${place.tag}`))
  return ours.flatMap(({ ifname, ifalias, flags, master, linkinfo }): Found[] => {
    const network = networkOf(place, { ifalias }, 'sirocco-overlay')
    const where = `link ${ifname}`
    if (network === null || !flags.includes('UP') || master === undefined) return [{ kind: 'link', id: ifname, facts: {}, where }]
    const of = entries.filter(entry => entry.ifname === ifname && entry.state !== undefined)
    const via = new Map(of.flatMap(({ mac, dst }) => (dst === undefined ? [] : [[mac, dst] as const])))
    const bridged = new Set(of.filter(({ master, state }) => master !== undefined && state !== 'permanent').map(({ mac }) => mac))
    const addresses = new Map(known.filter(({ dev }) => dev === master).map(({ dst, lladdr = '' }) => [lladdr, dst]))
    const macs = new Set([...via.keys(), ...bridged, ...addresses.keys()])
    return [
      { kind: 'tunnel', id: network, facts: { vni: linkinfo.info_data.id }, where },
      ...[...macs].map((mac): Found => {
        const facts = {
          network,
          via: bridged.has(mac) ? (via.get(mac) ?? 'nowhere') : 'nowhere',
          address: addresses.get(mac) ?? 'none',
        }
        return { kind: 'neighbour', id: mac, facts, where }
      }),
    ]
  })
}
