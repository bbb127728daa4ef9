import { readdir, readFile } from 'node:fs/promises'

/** A process of this machine and its command line. */
export interface Process {
  readonly pid: number
  readonly words: readonly string[]
}

/** All processes, as /proc shows them; zombies have no command line, and are none. */
export async function readProcesses(): Promise<Process[]> {
  const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name))
  const found = await Promise.all(
    pids.map(async pid => ({
      pid: Number(pid),
      words: (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0').filter(word => word !== ''),
    })),
  )
  return found.filter(({ words }) => words.length > 0)
}
