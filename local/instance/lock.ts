import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { z } from 'zod'

const Holder = z.object({ pid: z.number().int().positive(), started: z.string() })
type Holder = z.infer<typeof Holder>

/**
 * When a process was started, in clock ticks since boot: together with the pid it names one process until the next boot. One that has
 * ended, and that nobody has reaped, is no process any more.
 */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The second field is the program's name in parentheses and may hold anything; the third is the state, the 22nd the start time.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' ? undefined : fields[19]
  } catch {
    return undefined
  }
}

export const isAlive = ({ pid, started }: Holder): boolean => startOf(pid) === started

export function holderOf(file: string): Holder | undefined {
  try {
    return Holder.safeParse(JSON.parse(readFileSync(file, 'utf8'))).data
  } catch {
    return undefined
  }
}

export type Lock = { readonly taken: true; release(): void } | { readonly taken: false; readonly by: number }

/**
 * Takes a lock that is a file, for this process. Its holder is named in it, so that the lock of a process that was killed, or of
 * before a reboot, is taken over.
 */
export function takeLock(file: string): Lock {
  const own = { pid: process.pid, started: startOf(process.pid) ?? '' }
  mkdirSync(dirname(file), { recursive: true })
  for (;;) {
    try {
      writeFileSync(file, JSON.stringify(own), { flag: 'wx', mode: 0o600 })
      return { taken: true, release: () => rmSync(file, { force: true }) }
    } catch (reason) {
      if (!(reason instanceof Error && 'code' in reason && reason.code === 'EEXIST')) throw reason
    }
    const holder = holderOf(file)
    if (holder && isAlive(holder)) return { taken: false, by: holder.pid }
    rmSync(file, { force: true })
  }
}
