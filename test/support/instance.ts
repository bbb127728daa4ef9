import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { type Ready, readReady } from '@sirocco/local/instance/ready.ts'
import { unclaim } from '@sirocco/local/machine/registry.ts'

const root = resolve(import.meta.dirname, '../..')
const second = 1_000
/** A first start may build the portal and the boot image, and libvirt may look at QEMU for the first time. */
const startMs = 180 * second
const stopMs = 20 * second

export interface InstanceOptions {
  /** Simulated hosts; 0: this machine's libvirt. */
  readonly simulated?: number
  /** Further arguments of `npm start`. */
  readonly args?: readonly string[]
  /** For instance crash points of the agent, which inherits it. */
  readonly env?: Readonly<Record<string, string>>
}

/** A whole instance as `npm start` makes it, in processes of its own and a directory that goes with it. */
export class Instance {
  readonly data: string
  readonly port: number
  readonly #options: InstanceOptions
  #child: ChildProcess | undefined

  private constructor(port: number, options: InstanceOptions) {
    this.data = mkdtempSync(join(tmpdir(), 'sirocco-e2e-'))
    this.port = port
    this.#options = options
  }

  /** Started and ready. */
  static async start(options: InstanceOptions = {}): Promise<Instance> {
    const instance = new Instance(await freePair(), options)
    await instance.start()
    return instance
  }

  /** Not started: for tests of what happens before. */
  static async idle(options: InstanceOptions = {}): Promise<Instance> {
    return new Instance(await freePair(), options)
  }

  /** Starts it (again), in a process group of its own, and waits until it is ready. */
  async start(more: readonly string[] = []): Promise<Ready> {
    this.launch(more)
    for (const end = performance.now() + startMs; ; await pause(20)) {
      const ready = readReady(this.data)
      if (ready && ready.pid === this.#child?.pid) return ready
      if (this.#child?.exitCode !== null || this.#child.signalCode !== null)
        throw new Error(`the instance ended at its start:\n${this.output()}`)
      if (performance.now() > end) throw new Error(`the instance does not get ready:\n${this.output()}`)
    }
  }

  /** Starts it without waiting. */
  launch(more: readonly string[] = []): ChildProcess {
    mkdirSync(this.data, { recursive: true, mode: 0o700 })
    const { simulated = 0, args = [], env = {} } = this.#options
    const output = openSync(join(this.data, 'output.log'), 'a', 0o600)
    const hosts = simulated > 0 ? ['--simulated', String(simulated)] : []
    const own = ['start', '--yes', '--data', this.data, '--port', String(this.port), ...hosts, ...args, ...more]
    this.#child = spawn(process.execPath, [join(root, 'local/bootstrap.mjs'), ...own], {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['ignore', output, output],
      detached: true,
    })
    return this.#child
  }

  get ready(): Ready {
    const ready = readReady(this.data)
    if (!ready) throw new Error(`the instance is not ready:\n${this.output()}`)
    return ready
  }

  /** Of its main process, which is the leader of its group. */
  get pid(): number {
    const pid = this.#child?.pid
    if (pid === undefined) throw new Error('the instance was never started')
    return pid
  }

  output(): string {
    try {
      return readFileSync(join(this.data, 'output.log'), 'utf8')
    } catch {
      return ''
    }
  }

  /** As Ctrl-C does it; answers with the exit code. */
  async stop(signal: NodeJS.Signals = 'SIGINT'): Promise<number | null> {
    return this.#end(() => process.kill(this.pid, signal))
  }

  /** kill −9 of its whole process group: the database's server, workerd, the agent, all at once. */
  async kill(): Promise<void> {
    await this.#end(() => process.kill(-this.pid, 'SIGKILL'))
  }

  /** Waits for an end that comes by itself. */
  async ended(): Promise<number | null> {
    return this.#end(() => {})
  }

  async #end(ask: () => void): Promise<number | null> {
    const child = this.#child
    if (!child || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null
    const over = new Promise<void>(resolve => child.once('exit', () => resolve()))
    ask()
    const late = setTimeout(() => process.kill(-this.pid, 'SIGKILL'), stopMs)
    await over
    clearTimeout(late)
    return child.exitCode
  }

  /** Stops it and removes its directory and its claim on this machine. Machines must have been terminated by the test itself. */
  async dispose(): Promise<void> {
    await this.stop('SIGTERM')
    const instance = instanceId(this.data)
    if (instance !== undefined && (this.#options.simulated ?? 0) === 0) {
      unclaim('/var/lib/sirocco/instances', instance)
      rmSync(join('/var/lib/sirocco', instance), { recursive: true, force: true })
    }
    rmSync(this.data, { recursive: true, force: true })
  }
}

const instanceId = (data: string): string | undefined => {
  try {
    const secrets: unknown = JSON.parse(readFileSync(join(data, 'secrets.json'), 'utf8'))
    const id = typeof secrets === 'object' && secrets !== null && 'instance' in secrets ? secrets.instance : undefined
    return typeof id === 'string' && /^[a-z0-9]{12}$/.test(id) ? id : undefined
  } catch {
    return undefined
  }
}

/** Two ports in a row that were free just now, away from those that clients are given by the system. */
async function freePair(): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    const port = 20_000 + 2 * Math.floor(Math.random() * 5_000)
    if ((await isFree(port)) && (await isFree(port + 1))) return port
  }
  throw new Error('no two free ports in a row')
}

const isFree = (port: number): Promise<boolean> =>
  new Promise(resolve => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
