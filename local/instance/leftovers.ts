import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { second } from '../../shared/kit/clock.ts'

/** In the environment of every process that belongs to an instance and must not outlive it. */
const mark = 'SIROCCO_INSTANCE'
/** What such a process looks like; whatever else may have inherited the mark is none of ours to end. */
const ours = /\bworkerd\0serve\b|\/sirocco-agent\.mjs\0/
/** For a leftover to end by itself. */
const grace = 5 * second

/** Marks this process and with it all that it starts. */
export function markProcesses(instance: string): void {
  process.env[mark] = instance
}

const read = (path: string): string => {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}

const leftovers = (instance: string): number[] =>
  readdirSync('/proc')
    .filter(name => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter(pid => ours.test(read(`/proc/${pid}/cmdline`)))
    .filter(pid => read(`/proc/${pid}/environ`).split('\0').includes(`${mark}=${instance}`))
    .map(Number)

const signal = (pids: readonly number[], name: NodeJS.Signals) => {
  for (const pid of pids) {
    try {
      process.kill(pid, name)
    } catch {
      // It has ended meanwhile.
    }
  }
}

/** Ends what an instance that was killed left running: its workerd, which holds the ports, and its agent. Call with its lock held. */
export async function endLeftovers(instance: string): Promise<void> {
  signal(leftovers(instance), 'SIGTERM')
  for (const end = performance.now() + grace; leftovers(instance).length > 0; await pause(20)) {
    if (performance.now() > end) signal(leftovers(instance), 'SIGKILL')
  }
}
