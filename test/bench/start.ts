import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { readReady } from '@sirocco/local/instance/ready.ts'
import { type Figure, figure } from './figure.ts'

const root = resolve(import.meta.dirname, '../..')
const runs = 10
const limitMs = 300_000

/** From the command to ready.json, then stopped again. Milliseconds. */
async function started(clone: string, data: string, port: number): Promise<number> {
  const begun = performance.now()
  const child = spawn('npm', ['start', '--', '--yes', '--simulated', '--data', data, '--port', String(port)], {
    cwd: clone,
    stdio: 'ignore',
    detached: true,
  })
  const over = new Promise<void>(done => child.once('exit', () => done()))
  try {
    while (!readReady(data)) {
      if (child.exitCode !== null) throw new Error(`npm start ended with ${child.exitCode}`)
      if (performance.now() - begun > limitMs) throw new Error('npm start does not get ready')
      await pause(20)
    }
    return performance.now() - begun
  } finally {
    // The whole group: npm passes a signal on to nobody.
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGTERM')
    await over
    while (readReady(data)) await pause(50)
  }
}

/** `npm start` in a fresh clone, and again: aims 90 s and 5 s. Simulated hosts: what a real one adds is measured by `launch`. */
export async function start(): Promise<Figure[]> {
  const fresh: number[] = []
  const again: number[] = []
  const folder = mkdtempSync(join(tmpdir(), 'sirocco-bench-'))
  try {
    for (let i = 0; i < runs; i++) {
      const clone = join(folder, `clone-${i}`)
      execFileSync('git', ['clone', '--quiet', '--no-hardlinks', root, clone])
      fresh.push(await started(clone, join(folder, `data-${i}`), 18_787 + 10 * i))
    }
    for (let i = 0; i < runs; i++) again.push(await started(join(folder, 'clone-0'), join(folder, 'data-0'), 18_787))
    return [figure('start-fresh', 'ms', fresh), figure('start-again', 'ms', again)]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
