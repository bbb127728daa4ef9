import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { AgentConfig } from '@sirocco/agent/config.ts'
import { bridgePrefix, tableName } from '@sirocco/agent/network/names.ts'
import { run } from '@sirocco/agent/programs/run.ts'
import type { Instance } from '../support/instance.ts'

const networkMs = 20_000

/** Ends an instance whose machines are terminated, once its agent has taken its networks off this machine. */
export async function vacate(instance: Instance): Promise<void> {
  const file = join(instance.data, 'agent/agent.json')
  const agent = existsSync(file) ? AgentConfig.parse(JSON.parse(readFileSync(file, 'utf8'))) : null
  const real = agent?.driver.kind === 'libvirt' ? agent : null
  const left = real ? await leftBy(real) : []
  await instance.dispose()
  if (left.length > 0) throw new Error(`the agent left on this machine: ${left.join(' ')}`)
  if (real) await rm(real.runtime, { recursive: true, force: true })
}

/** Bridges and rules that are still there when the agent has had its time. */
async function leftBy({ tag }: AgentConfig): Promise<string[]> {
  const table = tableName(tag)
  for (const end = performance.now() + networkMs; ; await pause(50)) {
    const bridges = readdirSync('/sys/class/net').filter(name => name.startsWith(bridgePrefix(tag)))
    const ruled = (await run('nft', ['list', 'table', 'inet', table])).code === 0
    const left = [...bridges, ...(ruled ? [table] : [])]
    if (left.length === 0 || performance.now() > end) return left
  }
}
