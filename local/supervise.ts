import type { ChildProcess } from 'node:child_process'
import { second } from '../shared/kit/clock.ts'

/** Pauses before a process that died is started again, doubling; one that lived this long begins anew with the first. */
const pauses = { first: 100, most: 5 * second, well: 30 * second } as const
/** After being asked to end, before it is killed. */
const grace = 5 * second

export interface Supervised {
  readonly pid: number | undefined
  /** Asks it to end, and after a grace makes it. */
  stop(): Promise<void>
}

/** Keeps one child process running: whenever it ends, and nobody asked it to, it is started again. */
export function supervise(spawn: () => ChildProcess, died: (how: string) => void): Supervised {
  let pause: number = pauses.first
  let stopping = false
  let timer: NodeJS.Timeout | undefined
  let child: ChildProcess | undefined

  const start = () => {
    const since = performance.now()
    let ended = false
    const end = (how: string) => {
      if (ended) return
      ended = true
      if (stopping) return
      if (performance.now() - since > pauses.well) pause = pauses.first
      died(how)
      timer = setTimeout(start, pause)
      pause = Math.min(pause * 2, pauses.most)
    }
    child = spawn()
    child.on('error', reason => end(reason.message))
    child.on('exit', (code, signal) => end(signal ?? `exit ${code}`))
  }
  start()

  return {
    get pid() {
      return child?.pid
    },
    async stop() {
      stopping = true
      clearTimeout(timer)
      const last = child
      if (!last || last.exitCode !== null || last.signalCode !== null || last.pid === undefined) return
      const over = new Promise<void>(resolve => last.once('exit', () => resolve()))
      last.kill('SIGTERM')
      const force = setTimeout(() => last.kill('SIGKILL'), grace)
      await over
      clearTimeout(force)
    },
  }
}
