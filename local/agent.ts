import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { AgentConfig } from '@sirocco/agent/config.ts'
import type { Secret } from '@sirocco/shared/kit/secret.ts'
import { logFile } from './log-file.ts'
import { Stop } from './stop.ts'
import { type Supervised, supervise } from './supervise.ts'

export interface LocalAgent {
  /** The agent's bundle. */
  readonly script: string
  readonly data: string
  readonly url: string
  readonly hostName: string
  readonly simulated: number
  readonly instance: string
  readonly tag: string
  /** Where machine disks live. */
  readonly storage: string
  /** Where other hosts reach it, for moves; null: they do not. */
  readonly underlay: string | null
  readonly token: () => Promise<Secret>
}

/** The agent of this machine: enrolled once by a one-time token, then kept running as a process of its own. */
export async function keepAgent(agent: LocalAgent, died: (how: string) => void): Promise<{ process: Supervised; hosts: number }> {
  const folder = join(agent.data, 'agent')
  const log = logFile(join(agent.data, 'agent.log'))
  if (!configOf(folder)) await enrol(agent, folder, log.write)
  const config = configOf(folder)
  if (!config) throw new Stop(`${folder} holds no agent: remove it, and its host will be enrolled anew.`)
  if (config.control.url !== agent.url) moveTo(folder, config, agent.url)

  const supervised = supervise(() => spawnAgent([agent.script, 'run', '--data', folder], log.write), died)
  return { process: supervised, hosts: config.hosts.length }
}

function spawnAgent(args: readonly string[], log: (text: Uint8Array) => void) {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  child.stdout.on('data', log)
  child.stderr.on('data', log)
  return child
}

/** The token goes by a file: arguments are there for all to see. */
async function enrol(agent: LocalAgent, folder: string, log: (text: Uint8Array) => void): Promise<void> {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const tokenFile = join(folder, 'token')
  writeFileSync(tokenFile, (await agent.token()).reveal(), { mode: 0o600 })
  const place = ['--instance', agent.instance, '--tag', agent.tag, '--storage', agent.storage]
  const underlay = agent.underlay === null ? [] : ['--underlay', agent.underlay]
  const simulated = agent.simulated > 0 ? ['--simulated', String(agent.simulated)] : []
  const who = ['--url', agent.url, '--token-file', tokenFile, '--name', agent.hostName]
  let last = ''
  const hear = (chunk: Uint8Array) => {
    log(chunk)
    last = (last + Buffer.from(chunk).toString()).slice(-500)
  }
  const child = spawnAgent([agent.script, 'enrol', '--data', folder, ...who, ...place, ...underlay, ...simulated], hear)
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  rmSync(tokenFile, { force: true })
  if (code !== 0) throw new Stop(`The agent could not enrol: ${last.trim().split('\n').at(-1) ?? `exit ${code}`}`)
}

function configOf(folder: string): AgentConfig | undefined {
  try {
    return AgentConfig.parse(JSON.parse(readFileSync(join(folder, 'agent.json'), 'utf8')))
  } catch {
    return undefined
  }
}

/** The same control plane at another port. */
function moveTo(folder: string, config: AgentConfig, url: string): void {
  const file = join(folder, 'agent.json')
  const moved: AgentConfig = { ...config, control: { ...config.control, url } }
  writeFileSync(`${file}.new`, `${JSON.stringify(moved, null, 2)}\n`, { mode: 0o600, flush: true })
  renameSync(`${file}.new`, file)
}
