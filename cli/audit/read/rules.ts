import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { z } from 'zod'
import { read } from '../../run.ts'
import type { Found } from '../item.ts'
import { networkOf, readLinks } from './links.ts'
import type { Reader } from './reader.ts'

/** `nft -j list ruleset`, of which only what decides. */
const Ruleset = z.object({
  nftables: z.array(
    z.object({
      table: z.object({ family: z.string(), name: z.string() }).optional(),
      chain: z
        .object({ family: z.string().default('inet'), table: z.string(), name: z.string(), hook: z.string().optional() })
        .optional(),
      set: z.object({ table: z.string(), name: z.string(), elem: z.array(z.unknown()).optional() }).optional(),
      rule: z.object({ table: z.string(), chain: z.string(), expr: z.array(z.unknown()) }).optional(),
    }),
  ),
})
export type Ruleset = z.output<typeof Ruleset>

const Masquerade = z.object({ masquerade: z.unknown() })
const FromRange = z.object({
  match: z.object({
    op: z.literal('=='),
    left: z.object({ payload: z.object({ field: z.literal('saddr') }) }),
    right: z.object({ prefix: z.object({ addr: z.string(), len: z.number() }) }),
  }),
})

/** The networks that the instance's table knows: each bridge in its set is one. */
export const rules: Reader = {
  kinds: ['rules'],
  async read(place) {
    const ruleset = await readRuleset()
    if (!ruleset.ok) return ruleset
    const all = await readLinks()
    if (!all.ok) return all
    const networks = new Map(all.value.map(link => [link.ifname, { network: networkOf(place, link), ranges: rangesOf(link) }]))
    return ok(rulesOf(`sirocco_${place.tag}`, ruleset.value, networks))
  },
}

const rangesOf = ({ addr_info }: { readonly addr_info: readonly { family: string; local: string; prefixlen: number }[] }) =>
  addr_info.filter(({ family }) => family === 'inet').map(({ local, prefixlen }) => rangeOf(local, prefixlen))

/** The range that an address lies in: `10.64.0.1/20` gives `10.64.0.0/20`. */
function rangeOf(address: string, bits: number): string {
  const value = address.split('.').reduce((total, part) => total * 256 + Number(part), 0)
  const first = value - (value % 2 ** (32 - bits))
  return `${[24, 16, 8, 0].map(shift => Math.floor(first / 2 ** shift) % 256).join('.')}/${bits}`
}

async function readRuleset(): Promise<Result<Ruleset>> {
  const printed = await read('nft', ['-j', 'list', 'ruleset'])
  if (!printed.ok) return printed
  const parsed = Ruleset.safeParse(JSON.parse(printed.value))
  return parsed.success ? ok(parsed.data) : refuse('internal', 'nft prints what this version does not know')
}

export function rulesOf(
  table: string,
  { nftables }: Ruleset,
  networks: ReadonlyMap<string, { readonly network: string | null; readonly ranges: readonly string[] }>,
): Found[] {
  if (!nftables.some(one => one.table?.name === table)) return []
  const where = `table inet ${table}`
  const named = nftables.find(({ set }) => set?.table === table && set.name === 'bridges')?.set?.elem ?? []
  const ours = nftables.filter(({ rule }) => rule?.table === table).flatMap(({ rule }) => (rule ? [rule] : []))
  const masqueraded = ours
    .filter(({ expr }) => expr.some(part => Masquerade.safeParse(part).success))
    .flatMap(({ expr }) => sources(expr))
  const hooks = nftables.flatMap(({ chain }) => (chain?.table === table && chain.hook ? [`${chain.family} ${chain.hook}`] : []))
  const filters = filtering.every(hook => hooks.includes(hook))
  if (named.length === 0) return [{ kind: 'rules', id: table, facts: {}, where }]
  return named.map(bridge => {
    const { network = null, ranges = [] } = networks.get(String(bridge)) ?? {}
    const masquerades = ranges.filter(range => masqueraded.includes(range)).join(' ')
    return { kind: 'rules', id: network ?? String(bridge), facts: { masquerades, filters }, where }
  })
}

/** Where the instance's two tables have their say: what passes the host, and what each port sends and gets. */
const filtering = [
  'inet forward',
  'inet input',
  'inet postrouting',
  ...['prerouting', 'forward', 'input', 'output'].map(at => `bridge ${at}`),
]

const sources = (expr: readonly unknown[]): string[] =>
  expr.flatMap(part => {
    const match = FromRange.safeParse(part)
    return match.success ? [`${match.data.match.right.prefix.addr}/${match.data.match.right.prefix.len}`] : []
  })
