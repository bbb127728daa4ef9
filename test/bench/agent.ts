import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { Instance } from '../support/instance.ts'
import { Ec2 } from './ec2.ts'
import { type Figure, figure, repeated } from './figure.ts'

const machines = 20
/** What was made for a start or a launch is given back after a while. */
const settleMs = 10_000
const sampleMs = 500

/** The agent's private memory, with no machine and with 20. */
export async function agent(runs: number, real: boolean): Promise<Figure[]> {
  const figures: Figure[] = []
  for (const kind of real ? (['simulated', 'libvirt'] as const) : (['simulated'] as const)) {
    const instance = await Instance.start({ simulated: kind === 'simulated' ? 2 : 0 })
    const ec2 = new Ec2(instance.ready)
    const there: string[] = []
    try {
      const pid = agentOf(instance.data)
      figures.push(figure(`agent.${kind}.idle`, 'MiB', await samples(runs, pid)))
      there.push(...(await ec2.launch(machines)))
      figures.push(figure(`agent.${kind}.${machines}`, 'MiB', await samples(runs, pid)))
    } finally {
      await ec2.terminate(there).finally(() => instance.dispose())
      ec2.close()
    }
  }
  return figures
}

async function samples(runs: number, pid: number): Promise<number[]> {
  await pause(settleMs)
  return repeated(runs, async () => {
    await pause(sampleMs)
    return privateMiB(pid)
  })
}

/** Of no other process: what would be free if this one were not. */
function privateMiB(pid: number): number {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
  const kibibytes = [...rollup.matchAll(/^Private_(?:Clean|Dirty|Hugetlb):\s+(\d+) kB$/gm)].map(([, size]) => Number(size))
  return kibibytes.reduce((sum, size) => sum + size, 0) / 1_024
}

function agentOf(data: string): number {
  const script = join(data, 'run/sirocco-agent.mjs')
  const pids = readdirSync('/proc').filter(name => /^\d+$/.test(name))
  for (const pid of pids) {
    const words = wordsOf(pid)
    if (words.includes(script) && words.includes('run')) return Number(pid)
  }
  throw new Error('the agent does not run')
}

/** Of a process that may be gone already. */
function wordsOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  } catch {
    return []
  }
}
