import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { Instance } from '../support/instance.ts'
import { type Figure, figure } from './figure.ts'

const runs = 10

/** Private memory of a process, in MiB: what would be free without it. */
function privateMiB(pid: number): number {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
  const kib = [...rollup.matchAll(/^Private_\w+:\s+(\d+) kB/gm)].reduce((sum, m) => sum + Number(m[1]), 0)
  return kib / 1024
}

/** The agent of the instance in `data`: it alone runs with its folder there. */
function agentOf(data: string): number {
  for (const pid of readdirSync('/proc').filter(name => /^\d+$/.test(name)))
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
      if (words.some(w => /agent/.test(w)) && words.includes('run') && words.some(w => w.startsWith(data))) return Number(pid)
    } catch {
      // It ended meanwhile.
    }
  throw new Error('the agent does not run')
}

/** The agent's private memory, at rest and linked, beside that of a Node that does nothing. Aim: below 80 MiB. */
export async function agent(): Promise<Figure[]> {
  const instance = await Instance.start({ simulated: 1 })
  const idle = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'], { stdio: 'ignore' })
  try {
    await pause(3_000)
    const values: number[] = []
    const baselines: number[] = []
    for (let i = 0; i < runs; i++) {
      values.push(privateMiB(agentOf(instance.data)))
      baselines.push(privateMiB(idle.pid ?? 0))
      await pause(500)
    }
    return [figure('agent', 'MiB', values, baselines)]
  } finally {
    idle.kill()
    await instance.dispose()
  }
}
