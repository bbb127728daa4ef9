import { parseArgs } from 'node:util'
import { points } from '@sirocco/agent/reconcile/points.ts'
import { faultKinds } from './world/faults.ts'
import { type Outcome, runWorld } from './world/world.ts'

const usage = `npm run sim -- [--seed N | --seeds A..B] [--hosts H] [--steps S] [--json] [--trace]
npm run sim -- --points        the named crash points
npm run sim -- --crash POINT[:n] [--seed N]   only that point kills, at its n-th passing`

/** What one run must at least have had, to mean anything: of each fault over all seeds, and of machines that ran, by things asked for. */
const floors = { ranPerStep: 0.2, seedsForFaults: 20 }

const options = {
  seed: { type: 'string' },
  seeds: { type: 'string' },
  hosts: { type: 'string', default: '3' },
  steps: { type: 'string', default: '40' },
  crash: { type: 'string' },
  points: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  trace: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const

/** What the person typed is wrong; the bootstrap prints the sentence. */
class Stop extends Error {
  override name = 'Stop'
  readonly exitCode = 2
}

function count(name: string, text: string): number {
  const n = Number(text)
  if (Number.isInteger(n) && n >= 0) return n
  throw new Stop(`--${name} takes a whole number, not ${text}.\n${usage}`)
}

function range(text: string): readonly number[] {
  const [from = '', to = from] = text.split('..')
  const first = count('seeds', from)
  return Array.from({ length: Math.max(0, count('seeds', to) - first + 1) }, (_, i) => first + i)
}

function valuesOf(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options }).values
  } catch (error) {
    throw new Stop(`${error instanceof Error ? error.message : String(error)}\n${usage}`)
  }
}

async function pointsPassed(): Promise<readonly string[]> {
  const passed = new Set(points)
  for (const seed of [1, 2, 3]) for (const point of (await runWorld({ seed, hosts: 2, steps: 30 })).points) passed.add(point)
  return [...passed].sort()
}

function say(outcome: Outcome, replay: string): void {
  const { seed, violation, last, ran, machines, convergedAfterMs, digest } = outcome
  const state =
    violation === null ? `converged ${Math.round((convergedAfterMs ?? 0) / 1000)} s after the last fault` : `BROKEN: ${violation}`
  console.log(`seed ${seed}: ${machines} machines asked for, ${ran} reached running, ${state} (${digest})`)
  if (violation !== null) console.log(`${last.map(line => `  ${line}`).join('\n')}\nreplay: ${replay}`)
}

/** Why a run proves too little; empty: it proves what it should. */
function belowFloors(outcomes: readonly Outcome[], steps: number): string[] {
  const ran = outcomes.reduce((sum, o) => sum + o.ran, 0)
  const least = Math.floor(floors.ranPerStep * steps * outcomes.length)
  const silent =
    outcomes.length < floors.seedsForFaults ? [] : faultKinds.filter(kind => outcomes.every(o => o.faults[kind] === 0))
  return [
    ...(ran < least ? [`only ${ran} machines reached running; at least ${least} should have`] : []),
    ...silent.map(kind => `no fault of the kind '${kind}' was fired`),
  ]
}

/** What `npm run sim` runs; answers with the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const values = valuesOf(args)
  if (values.help) {
    console.log(usage)
    return 0
  }
  if (values.points) {
    for (const point of await pointsPassed()) console.log(point)
    return 0
  }
  const hosts = count('hosts', values.hosts)
  const steps = count('steps', values.steps)
  const [point, n = '1'] = values.crash?.split(':') ?? []
  const outcomes: Outcome[] = []
  for (const seed of range(values.seeds ?? values.seed ?? '1')) {
    const outcome = await runWorld({
      seed,
      hosts,
      steps,
      ...(point === undefined ? {} : { crashAt: { point, n: count('crash', n) } }),
      ...(values.trace ? { show: (line: string) => console.log(line) } : {}),
    })
    outcomes.push(outcome)
    const crash = point === undefined ? '' : ` --crash ${point}:${n}`
    if (values.json) console.log(JSON.stringify(outcome.violation === null ? { ...outcome, last: [], points: [] } : outcome))
    else say(outcome, `npm run sim -- --seed ${seed} --hosts ${hosts} --steps ${steps}${crash}`)
  }
  const faults = Object.fromEntries(faultKinds.map(kind => [kind, outcomes.reduce((sum, o) => sum + (o.faults[kind] ?? 0), 0)]))
  const ran = outcomes.reduce((sum, o) => sum + o.ran, 0)
  const low = point === undefined ? belowFloors(outcomes, steps) : []
  const broken = outcomes.filter(o => o.violation !== null).map(o => o.seed)
  if (values.json) console.log(JSON.stringify({ seeds: outcomes.length, broken, ran, faults, belowFloors: low }))
  else {
    for (const [kind, fired] of Object.entries(faults)) console.log(`${String(fired).padStart(7)}  ${kind}`)
    console.log(
      `${outcomes.length} seeds, ${ran} machines reached running, ${broken.length === 0 ? 'nothing broken' : `broken: ${broken.join(' ')}`}`,
    )
    for (const why of low) console.log(`below the floor: ${why}`)
  }
  return broken.length === 0 && low.length === 0 ? 0 : 1
}
