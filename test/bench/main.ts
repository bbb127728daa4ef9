import { parseArgs } from 'node:util'
import { agent } from './agent.ts'
import { agents } from './agents.ts'
import { backups } from './backup.ts'
import { cache } from './cache.ts'
import { describe } from './describe.ts'
import type { Figure } from './figure.ts'
import { launch } from './launch.ts'
import { launches } from './launches.ts'
import { lists } from './lists.ts'
import { migrate } from './migrate.ts'
import { start } from './start.ts'

/** What can be measured, in the order in which all of it is. */
const benches = {
  agent,
  agents,
  backup: backups,
  cache,
  describe,
  launch,
  launches,
  lists,
  migrate,
  start,
} as const satisfies Record<string, () => Promise<readonly Figure[]>>

const isBench = (name: string): name is keyof typeof benches => Object.hasOwn(benches, name)

function show({ name, value, unit, baseline, ratio, runs }: Figure): string {
  const beside = baseline === null ? '' : `, beside ${baseline} ${unit} (${ratio} ×)`
  return `${name}: ${value} ${unit}${beside}, median of ${runs}`
}

/** What `npm run bench [-- NAME …] [--json]` runs; answers with the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    strict: false,
    options: { json: { type: 'boolean', default: false } },
  })
  const unknown = positionals.find(name => !isBench(name)) ?? Object.keys(values).find(name => name !== 'json')
  if (unknown !== undefined) {
    console.error(`there is no bench ${unknown}; choose of ${Object.keys(benches).join(', ')}, or none for all, and --json`)
    return 2
  }
  let failed = false
  for (const name of positionals.length > 0 ? positionals : Object.keys(benches))
    if (isBench(name))
      try {
        for (const figure of await benches[name]()) console.log(values.json ? JSON.stringify(figure) : show(figure))
      } catch (error) {
        console.error(`${name}: ${error instanceof Error ? error.message : String(error)}`)
        failed = true
      }
  return failed ? 1 : 0
}
