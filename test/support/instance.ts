import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, openSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { AgentConfig } from '@sirocco/agent/config.ts'
import { bridgePrefix, tableName } from '@sirocco/agent/network/names.ts'
import type { Difference } from '@sirocco/cli/audit/item.ts'
import { Ready } from '@sirocco/local/instance/ready.ts'
import { unclaim } from '@sirocco/local/machine/registry.ts'
import { z } from 'zod'
import { type Box, here } from './box.ts'
import { until } from './until.ts'

const run = promisify(execFile)
const root = resolve(import.meta.dirname, '../..')
const second = 1_000
/** A first start may build the portal and the boot image, and libvirt may look at QEMU for the first time. */
const startMs = 180 * second
const stopMs = 20 * second
/** How long a patient client asks again. */
const patienceMs = 60 * second

export interface InstanceOptions {
  /** Where it runs, with others; else alone on this machine as it is. */
  readonly box?: Box
  /** Of its directory in the box, and of its host. */
  readonly name?: string
  /** Simulated hosts; 0: libvirt's machines. */
  readonly simulated?: number
  /** Further arguments of `npm start`. */
  readonly args?: readonly string[]
}

export interface Answer {
  readonly status: number
  readonly body: unknown
}

type Part = 'agent' | 'workerd' | 'main' | 'all'

const Differences = z.array(z.custom<Difference>(value => typeof value === 'object' && value !== null))
const Failure = z.object({ code: z.union([z.number(), z.string(), z.null()]), stdout: z.string(), stderr: z.string() })

/** A whole instance as `npm start` makes it, in a process group of its own. */
export class Instance {
  readonly data: string
  readonly port: number
  readonly #box: Box
  readonly #options: InstanceOptions
  #child: ChildProcess | undefined
  #ready: Ready | undefined

  private constructor(box: Box, port: number, options: InstanceOptions) {
    this.#box = box
    this.#options = options
    this.data = join(box.dir, options.name ?? 'instance')
    this.port = port
  }

  /** Started and ready. */
  static async start(options: InstanceOptions = {}): Promise<Instance> {
    const instance = await Instance.idle(options)
    await instance.start()
    return instance
  }

  /** Not started, and without a directory yet. */
  static async idle(options: InstanceOptions = {}): Promise<Instance> {
    return new Instance(options.box ?? (await here()), await freePair(), options)
  }

  /** Starts it (again), and waits until it is ready. */
  async start(more: readonly string[] = []): Promise<Ready> {
    const before = this.#ready
    const child = this.launch(more)
    for (const end = performance.now() + startMs; ; await pause(20)) {
      const said = readyIn(this.data)
      // What a start before this one said lies there until this one has begun.
      if (said && said.pid !== before?.pid) {
        this.#ready = said
        return said
      }
      if (child.exitCode !== null || child.signalCode !== null)
        throw new Error(`the instance ended at its start:\n${this.output().slice(-1_500)}`)
      if (performance.now() > end) throw new Error(`the instance does not get ready:\n${this.output().slice(-1_500)}`)
    }
  }

  /** Starts it without waiting. */
  launch(more: readonly string[] = []): ChildProcess {
    const { simulated = 0, args = [], name } = this.#options
    const words = ['start', '--yes', '--data', this.data, '--port', String(this.port)]
    if (simulated > 0) words.push('--simulated', String(simulated))
    if (name !== undefined) words.push('--host-name', name)
    const [program, ...all] = this.#box.inside(process.execPath, join(root, 'local/bootstrap.mjs'), ...words, ...args, ...more)
    const output = openSync(`${this.data}.log`, 'a', 0o600)
    this.#child = spawn(program, all, { cwd: root, stdio: ['ignore', output, output], detached: true })
    closeSync(output)
    return this.#child
  }

  /** What it said when it was last ready. */
  get ready(): Ready {
    if (!this.#ready) throw new Error(`the instance was never ready:\n${this.output()}`)
    return this.#ready
  }

  /** What the host carries is named by it. */
  get agent(): AgentConfig {
    return AgentConfig.parse(JSON.parse(readFileSync(this.#agentFile, 'utf8')))
  }
  get #agentFile(): string {
    return join(this.data, 'agent/agent.json')
  }

  output(): string {
    try {
      return readFileSync(`${this.data}.log`, 'utf8')
    } catch {
      return ''
    }
  }

  /** Of all its processes. */
  get group(): number {
    const group = this.#child?.pid
    if (group === undefined) throw new Error('the instance was never started')
    return group
  }

  /** The process ids of a part; `all` is the whole group. */
  pids(part: Part): number[] {
    const group = this.#child?.pid
    const parts = {
      all: () => true,
      agent: words => words.includes(join(this.data, 'run/sirocco-agent.mjs')) && words.includes('run'),
      workerd: words => /\/workerd$/.test(words[0] ?? '') && words[1] === 'serve',
      main: words => /\/node$/.test(words[0] ?? '') && (words[1] ?? '').endsWith('/bootstrap.mjs'),
    } satisfies Record<Part, (words: readonly string[]) => boolean>
    return this.#box
      .processes()
      .filter(one => one.group === group && parts[part](one.words))
      .map(({ pid }) => pid)
  }

  /** `kill -9` of a part, or of everything that was started with it, at one moment; resolves when nothing of `all` is left. */
  async kill(part: 'agent' | 'workerd' | 'all'): Promise<void> {
    const group = this.#child?.pid
    if (group === undefined) return
    if (part !== 'all') {
      for (const pid of this.pids(part)) signal(pid, 'SIGKILL')
      return
    }
    signal(-group, 'SIGKILL')
    await until('the process group to end', async () => (this.pids('all').length > 0 ? null : true))
  }

  /** As Ctrl-C does it; answers with the exit code. */
  async stop(name: NodeJS.Signals = 'SIGINT'): Promise<number | null> {
    return this.#end(() => {
      for (const pid of this.pids('main')) signal(pid, name)
    })
  }

  /** Waits for an end that comes by itself. */
  async ended(): Promise<number | null> {
    return this.#end(() => {})
  }

  async #end(ask: () => void): Promise<number | null> {
    const child = this.#child
    if (!child || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null
    const over = once(child, 'exit')
    ask()
    const late = setTimeout(() => void this.kill('all'), stopMs)
    await over
    clearTimeout(late)
    return child.exitCode
  }

  /** One request to the native API. Throws where nothing answers. */
  async ask(method: string, path: string, body?: unknown, key?: string): Promise<Answer> {
    const { url, token } = this.ready.api
    const answer = await fetch(`${url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(key === undefined ? {} : { 'idempotency-key': key }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(20 * second),
    })
    const text = await answer.text()
    return { status: answer.status, body: text === '' ? null : JSON.parse(text) }
  }

  /** As a patient client asks: the same request again while nothing answers, or it is told to come back. */
  async insist(method: string, path: string, body?: unknown, key?: string): Promise<Answer> {
    let last = ''
    for (const end = performance.now() + patienceMs; performance.now() < end; await pause(100)) {
      try {
        const answer = await this.ask(method, path, body, key)
        const again = answer.status === 409 && /try again/.test(JSON.stringify(answer.body))
        if (answer.status < 500 && answer.status !== 429 && !again) return answer
        last = `${answer.status} ${JSON.stringify(answer.body)}`
      } catch (error) {
        last = String(error)
      }
    }
    throw new Error(`${method} ${path} is never answered: ${last}`)
  }

  /** What `sirocco audit-host` finds. */
  async audit(waitSeconds = 20): Promise<Difference[]> {
    const words = [join(root, 'cli/main.ts'), 'audit-host', '--json', '--data', this.data, '--wait', String(waitSeconds)]
    const [program, ...args] = this.#box.inside(process.execPath, ...words)
    try {
      const { stdout } = await run(program, args, { cwd: root })
      return Differences.parse(JSON.parse(stdout))
    } catch (error) {
      const { stdout, stderr, code } = Failure.parse(error)
      if (code === 1 && stdout !== '') return Differences.parse(JSON.parse(stdout))
      throw new Error(`audit-host ended with ${code}: ${stderr}`)
    }
  }

  /** Ends it and takes away what it made. On this machine as it is, machines must have been deleted by the test itself. */
  async dispose(): Promise<void> {
    const alone = this.#options.box === undefined
    await (alone ? this.stop('SIGTERM') : this.kill('all'))
    if ((this.#options.simulated ?? 0) === 0 && existsSync(this.#agentFile)) await this.#leaveHost(alone)
    if (alone) await this.#box.close()
  }

  /** All boxes share the machine's network; all else goes with its box. */
  async #leaveHost(alone: boolean): Promise<void> {
    const { tag, instance, storage } = this.agent
    const links = z.array(z.object({ ifname: z.string() })).parse(JSON.parse((await run('ip', ['-j', 'link'])).stdout))
    for (const { ifname } of links)
      if (ifname.startsWith(bridgePrefix(tag)) || ifname.startsWith(`st${tag}`))
        await run('ip', ['link', 'del', ifname]).catch(() => undefined)
    await run('nft', ['delete', 'table', 'inet', tableName(tag)]).catch(() => undefined)
    if (!alone) return
    unclaim('/var/lib/sirocco/instances', instance)
    rmSync(storage, { recursive: true, force: true })
  }
}

function readyIn(data: string): Ready | undefined {
  try {
    return Ready.parse(JSON.parse(readFileSync(join(data, 'ready.json'), 'utf8')))
  } catch {
    return undefined
  }
}

/** It may be gone already. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {}
}

const given = new Set<number>()

/** Two ports in a row that were free just now, away from those that clients are given by the system. */
async function freePair(): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    const port = 20_000 + 2 * Math.floor(Math.random() * 5_000)
    if (given.has(port) || !(await isFree(port)) || !(await isFree(port + 1))) continue
    given.add(port)
    return port
  }
  throw new Error('no two free ports in a row')
}

const isFree = (port: number): Promise<boolean> =>
  new Promise(free => {
    const server = createServer()
    server.once('error', () => free(false))
    server.listen(port, '127.0.0.1', () => server.close(() => free(true)))
  })
