import { whyNoLibvirtd } from '../support/libvirtd.ts'
import { agent } from './agent.ts'
import { describeMachines } from './describe.ts'
import type { Figure } from './figure.ts'
import { launch } from './launch.ts'
import { start } from './start.ts'

const runs = 10

interface Place {
  /** Whether machines can be real here. */
  readonly real: boolean
}

/** In this order: what other figures would disturb comes first. */
const benches = {
  launch: ({ real }) => (real ? launch(runs) : Promise.resolve([])),
  describe: () => describeMachines(runs),
  agent: ({ real }) => agent(runs, real),
  start: ({ real }) => start(runs, real),
} satisfies Record<string, (place: Place) => Promise<Figure[]>>
type Name = keyof typeof benches

/** What the project aims at; `null` where a figure is only watched. */
const aims: Readonly<Record<string, (figure: Figure) => string>> = {
  launch: ({ baseline }) => `${Math.round((baseline ?? 0) * 1.15 + 60)} ms (1.15 x libvirt's own + 60 ms)`,
  'start.fresh': () => '90 s',
  'start.again': () => '5 s',
  agent: () => '80 MiB',
}

const isName = (word: string): word is Name => Object.hasOwn(benches, word)

/** Prints the figures of all benches, or of those that are named. */
export async function main(args: readonly string[]): Promise<number> {
  const words = args.filter(arg => arg !== '--json' && arg !== '--yes')
  const unknown = words.find(word => !isName(word))
  if (unknown !== undefined) {
    process.stderr.write(`usage: npm run bench [-- ${Object.keys(benches).join('|')}] [--json]\n`)
    return 2
  }
  const chosen = words.length > 0 ? words.filter(isName) : Object.keys(benches).filter(isName)
  const why = whyNoLibvirtd()
  if (why !== null) process.stderr.write(`No real machines here (${why}): launch is left out, the rest is simulated.\n`)
  const print = args.includes('--json') ? (figure: Figure) => JSON.stringify(figure) : told
  for (const name of chosen)
    for (const figure of await benches[name]({ real: why === null })) process.stdout.write(`${print(figure)}\n`)
  return 0
}

function told(figure: Figure): string {
  const { name, value, unit, baseline, ratio, runs } = figure
  const aim = Object.entries(aims).find(([key]) => name === key || (key !== 'launch' && name.startsWith(`${key}.`)))?.[1](figure)
  const against = baseline === null ? '' : `, ${ratio} x ${baseline} ${unit}`
  return `${name.padEnd(24)} ${value} ${unit}${against} (${runs === 1 ? 'once' : `median of ${runs}`})${aim ? `; aim: ${aim}` : ''}`
}
