import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { z } from 'zod'
import type { Place } from '../../place.ts'
import { read } from '../../run.ts'
import type { Found } from '../item.ts'
import { type Domain, readDomains } from './domains.ts'
import type { Reader } from './reader.ts'

/** `ip -j -d address`, of which only what decides. */
const Links = z.array(
  z.object({
    ifname: z.string(),
    ifalias: z.string().optional(),
    mtu: z.number(),
    flags: z.array(z.string()),
    linkinfo: z.object({ info_kind: z.string().optional() }).optional(),
    addr_info: z.array(z.object({ family: z.string(), local: z.string(), prefixlen: z.number() })),
  }),
)
export type Link = z.output<typeof Links>[number]

/** `bridge -j link`: what is plugged into which bridge. */
const Plugged = z.array(z.object({ ifname: z.string(), master: z.string().optional() }))

export async function listing<T>(program: string, args: readonly string[], shape: z.ZodType<T>): Promise<Result<T>> {
  const printed = await read(program, args)
  if (!printed.ok) return printed
  const parsed = shape.safeParse(JSON.parse(printed.value || '[]'))
  return parsed.success ? ok(parsed.data) : refuse('internal', `${program} prints what this version does not know`)
}

export const readLinks = (): Promise<Result<Link[]>> => listing('ip', ['-j', '-d', 'address', 'show'], Links)

/** The network that a link says it is of, where it is this instance's. */
export function networkOf(
  { instance }: Pick<Place, 'instance'>,
  link: { readonly ifalias?: string | undefined } | undefined,
  word = 'sirocco',
): string | null {
  const [name, whose, network] = (link?.ifalias ?? '').split(':')
  return name === word && whose === instance && network ? network : null
}

/** Bridges by the network that their alias names, taps by the MAC of the guest behind them. */
export const links: Reader = {
  kinds: ['bridge', 'tap', 'link'],
  async read(place) {
    const all = await readLinks()
    if (!all.ok) return all
    const plugged = await listing('bridge', ['-j', 'link', 'show'], Plugged)
    if (!plugged.ok) return plugged
    const domains = await readDomains(place)
    if (!domains.ok) return domains
    const masters = new Map(plugged.value.map(({ ifname, master }) => [ifname, master ?? '']))
    return ok([...bridges(place, all.value), ...taps(place, all.value, masters, domains.value)])
  },
}

const isUp = ({ flags }: Link) => flags.includes('UP')

/** By name or alias: each alone is enough to be ours. */
export function bridges(place: Pick<Place, 'instance' | 'tag'>, all: readonly Link[]): Found[] {
  return all
    .filter(link => link.ifname.startsWith(`sb${place.tag}`) || networkOf(place, link) !== null)
    .map(link => {
      const id = networkOf(place, link)
      const where = `link ${link.ifname}`
      if (id === null) return { kind: 'link', id: link.ifname, facts: {}, where }
      const addresses = link.addr_info.filter(({ family }) => family === 'inet').map(one => `${one.local}/${one.prefixlen}`)
      return { kind: 'bridge', id, facts: { address: addresses.join(' '), mtu: link.mtu, up: isUp(link) }, where }
    })
}

export function taps(
  place: Pick<Place, 'instance' | 'tag'>,
  all: readonly Link[],
  masters: ReadonlyMap<string, string>,
  domains: readonly Domain[],
): Found[] {
  const macs = new Map(domains.filter(({ power }) => power !== 'stopped').flatMap(({ nics }) => nics.map(n => [n.tap, n.mac])))
  const byName = new Map(all.map(link => [link.ifname, link]))
  return all
    .filter(({ ifname }) => ifname.startsWith(`st${place.tag}`) || macs.has(ifname))
    .map(link => {
      const where = `link ${link.ifname}`
      const mac = macs.get(link.ifname)
      if (mac === undefined) return { kind: 'link', id: link.ifname, facts: {}, where }
      const network = networkOf(place, byName.get(masters.get(link.ifname) ?? '')) ?? 'none'
      return { kind: 'tap', id: mac, facts: { network, up: isUp(link) }, where }
    })
}
