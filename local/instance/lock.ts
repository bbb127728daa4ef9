import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { z } from 'zod'
import { hasEnded, processStat } from '../../shared/kit/process-stat.ts'

const Holder = z.object({ pid: z.number().int().positive(), started: z.string() })
type Holder = z.infer<typeof Holder>

/** `undefined` for one that has ended, also where nobody has reaped it. */
function startOf(pid: number): string | undefined {
  try {
    const stat = processStat(readFileSync(`/proc/${pid}/stat`, 'utf8'))
    return stat && !hasEnded(stat) ? stat.started : undefined
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
