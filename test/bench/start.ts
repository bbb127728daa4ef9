import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { readReady } from '@sirocco/local/instance/ready.ts'
import { unclaim } from '@sirocco/local/machine/registry.ts'
import { z } from 'zod'
import { Instance } from '../support/instance.ts'
import { type Figure, figure, repeated } from './figure.ts'

const root = resolve(import.meta.dirname, '../..')
const freshMs = 600_000
const seconds = (since: number): number => (performance.now() - since) / 1_000

/**
 * `npm start` to ready.json, in a fresh clone and for the second time. The clone has the system's packages, npm's cache and the boot image
 * of whoever was here before; where those are missing, it brings them, and takes as long.
 */
export async function start(runs: number, real: boolean): Promise<Figure[]> {
  const kinds = real ? [0, 1] : [1]
  const figures = [figure(`start.fresh.${real ? 'libvirt' : 'simulated'}`, 's', [await fresh(real)])]
  for (const simulated of kinds) {
    const instance = await Instance.start({ simulated })
    try {
      const again = await repeated(runs, async () => {
        await instance.stop()
        const before = performance.now()
        await instance.start()
        return seconds(before)
      })
      figures.push(figure(`start.again.${simulated > 0 ? 'simulated' : 'libvirt'}`, 's', again))
    } finally {
      await instance.dispose()
    }
  }
  return figures
}

async function fresh(real: boolean): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'sirocco-bench-'))
  const [clone, data] = [join(folder, 'clone'), join(folder, 'data')]
  await promisify(execFile)('git', ['clone', '--quiet', '--no-hardlinks', root, clone])
  const before = performance.now()
  const port = String(29_100 + (process.pid % 400) * 2)
  const args = ['local/bootstrap.mjs', 'start', '--yes', '--data', data, '--port', port, ...(real ? [] : ['--simulated', '1'])]
  const child = spawn(process.execPath, args, { cwd: clone, stdio: ['ignore', 'ignore', 'inherit'], detached: true })
  try {
    await ready(child, data)
    return seconds(before)
  } finally {
    await stopped(child)
    await forget(data)
    await rm(folder, { recursive: true, force: true })
  }
}

async function ready(child: ChildProcess, data: string): Promise<void> {
  for (const end = performance.now() + freshMs; performance.now() < end; await pause(20)) {
    if (readReady(data)) return
    if (child.exitCode !== null) throw new Error(`a fresh clone does not start: exit code ${child.exitCode}`)
  }
  throw new Error('a fresh clone is not ready in time')
}

async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const over = once(child, 'exit')
  child.kill('SIGTERM')
  await over
}

/** What the instance had of the machine. */
async function forget(data: string): Promise<void> {
  const text = await readFile(join(data, 'secrets.json'), 'utf8').catch(() => '{}')
  const { instance } = z
    .object({
      instance: z
        .string()
        .regex(/^[a-z0-9]{12}$/)
        .optional(),
    })
    .parse(JSON.parse(text))
  if (instance === undefined || process.getuid?.() !== 0) return
  unclaim('/var/lib/sirocco/instances', instance)
  await rm(join('/var/lib/sirocco', instance), { recursive: true, force: true })
}
