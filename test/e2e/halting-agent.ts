import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Box } from '../support/box.ts'
import type { Instance } from '../support/instance.ts'
import { until } from '../support/until.ts'

/** ms within which a process that is at a crash point has halted there. */
const settleMs = 100

/** The agent of an instance that was started without one; the test supervises it, and can have it halt at a crash point. */
export class HaltingAgent {
  readonly #box: Box
  readonly #data: string
  readonly #file: string
  #child: ChildProcess | null = null
  #pid = 0

  constructor(box: Box, { data }: Pick<Instance, 'data'>) {
    this.#box = box
    this.#data = data
    this.#file = `${data}.halt`
  }

  /** Its process; 0 while it does not run. */
  get pid(): number {
    return this.#pid
  }

  async start(): Promise<void> {
    const script = join(this.#data, 'run/sirocco-agent.mjs')
    const [program, ...args] = this.#box.inside(process.execPath, script, 'run', '--data', join(this.#data, 'agent'))
    const child = spawn(program, args, { env: { ...process.env, SIROCCO_HALT_AT: this.#file }, stdio: 'ignore' })
    this.#child = child
    this.#pid = await until('the agent to run', async () => {
      if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`)
      const found = this.#box.processes().find(({ words }) => words[1] === script && words[2] === 'run')
      return found?.pid ?? null
    })
  }

  /** kill −9, halted or not. */
  async kill(): Promise<void> {
    const child = this.#child
    const pid = this.#pid
    this.#child = null
    this.#pid = 0
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const over = once(child, 'exit')
    kill(pid, 'SIGKILL')
    // Halted with it where it leads into the box.
    if (child.pid !== pid) child.kill('SIGCONT')
    await over
  }

  /** From now on: at the n-th passing of `point`. */
  haltAt(point: string, n: number): void {
    writeFileSync(this.#file, `${point}:${n}`)
  }
  #haltNowhere(): void {
    rmSync(this.#file, { force: true })
  }

  /** Whether it halted, as it was told to, before `given` says to wait no longer; then it halts no more. */
  async halted(given: { up: boolean }): Promise<boolean> {
    while (!given.up) {
      if (!existsSync(this.#file) && this.#isHalted()) return true
      await pause(3)
    }
    this.#haltNowhere()
    // It may have read the file just before.
    await pause(settleMs)
    return this.#isHalted()
  }
  #isHalted(): boolean {
    try {
      const stat = readFileSync(`/proc/${this.#pid}/stat`, 'utf8')
      return stat.slice(stat.lastIndexOf(')') + 2).startsWith('T')
    } catch {
      return false
    }
  }

  goOn(): void {
    if (this.#pid !== 0) kill(this.#pid, 'SIGCONT')
    this.#child?.kill('SIGCONT')
  }

  /** The crash points it passed since `forget`, in their order. */
  passed(): string[] {
    return existsSync(`${this.#file}.passed`) ? readFileSync(`${this.#file}.passed`, 'utf8').trim().split('\n') : []
  }
  forget(): void {
    rmSync(`${this.#file}.passed`, { force: true })
  }
}

/** It may be gone already. */
function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {}
}
