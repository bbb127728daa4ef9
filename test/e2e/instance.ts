import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, openSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { Difference } from '@sirocco/cli/audit/item.ts'
import { z } from 'zod'
import type { Box } from './box.ts'

const run = promisify(execFile)
export const clone = resolve(import.meta.dirname, '../..')

const Ready = z.object({
  url: z.string(),
  ec2: z.object({ endpoint: z.string(), region: z.string(), accessKeyId: z.string(), secretAccessKey: z.string() }),
  api: z.object({ url: z.string(), token: z.string() }),
})
export type Ready = z.output<typeof Ready>

const Agent = z.object({ instance: z.string(), tag: z.string() })
const Differences = z.array(z.custom<Difference>(value => typeof value === 'object' && value !== null))

export interface InstanceOptions {
  readonly box: Box
  readonly name: string
  /** 0: real machines. */
  readonly simulated: number
}

export interface Answer {
  readonly status: number
  readonly body: unknown
}

/** How long a start may take: with a boot image to build, on a busy machine. */
const startMs = 120_000

/** An instance as `npm start` runs it, in a process group of its own. */
export class Instance {
  readonly #options: InstanceOptions
  readonly data: string
  port = 0
  #child: ChildProcess | null = null
  #ready: Ready | null = null

  constructor(options: InstanceOptions) {
    this.#options = options
    this.data = join(options.box.dir, options.name)
  }

  get ready(): Ready {
    if (!this.#ready) throw new Error(`${this.#options.name} was never started`)
    return this.#ready
  }
  /** What the host carries is named by it. */
  get agent(): z.output<typeof Agent> {
    return Agent.parse(JSON.parse(readFileSync(join(this.data, 'agent/agent.json'), 'utf8')))
  }

  /** Resolves when it says that it is ready. */
  async start({ agent = true }: { readonly agent?: boolean } = {}): Promise<void> {
    const { box, simulated, name } = this.#options
    if (this.port === 0) this.port = await freePorts()
    rmSync(join(this.data, 'ready.json'), { force: true })
    const words = ['start', '--data', this.data, '--port', String(this.port), '--host-name', name, '--yes']
    if (simulated > 0) words.push('--simulated', String(simulated))
    if (!agent) words.push('--no-agent')
    const [program, ...args] = box.inside(process.execPath, join(clone, 'local/bootstrap.mjs'), ...words)
    const log = openSync(`${this.data}.log`, 'a')
    const child = spawn(program, args, {
      cwd: clone,
      stdio: ['ignore', log, log],
      detached: true,
    })
    closeSync(log)
    this.#child = child
    const end = performance.now() + startMs
    while (!existsSync(join(this.data, 'ready.json'))) {
      if (child.exitCode !== null || child.signalCode !== null) throw new Error(`${name} did not start: ${this.#said()}`)
      if (performance.now() > end) throw new Error(`${name} is not ready in time: ${this.#said()}`)
      await pause(20)
    }
    this.#ready = Ready.parse(JSON.parse(readFileSync(join(this.data, 'ready.json'), 'utf8')))
  }

  #said(): string {
    return readFileSync(`${this.data}.log`, 'utf8').slice(-600)
  }

  /** The process ids of a part; `all` is the whole group. */
  pids(part: 'agent' | 'workerd' | 'main' | 'all'): number[] {
    const group = this.#child?.pid
    const parts = {
      all: () => true,
      agent: words => words.some(word => word === join(this.data, 'run/sirocco-agent.mjs')) && words.includes('run'),
      workerd: words => /\/workerd$/.test(words[0] ?? '') && words[1] === 'serve',
      main: words => /\/node$/.test(words[0] ?? '') && (words[1] ?? '').endsWith('/bootstrap.mjs'),
    } satisfies Record<string, (words: readonly string[]) => boolean>
    return this.#options.box
      .processes()
      .filter(one => one.group === group && parts[part](one.words))
      .map(({ pid }) => pid)
  }

  /** `kill -9`. */
  kill(part: 'agent' | 'workerd'): void {
    for (const pid of this.pids(part)) signal(pid, 'SIGKILL')
  }

  /** `kill -9` of everything that was started with it, at one moment; resolves when nothing of it is left. */
  async killAll(): Promise<void> {
    const group = this.#child?.pid
    this.#child = null
    if (group === undefined) return
    signal(-group, 'SIGKILL')
    await until('the process group to end', async () =>
      this.#options.box.processes().some(one => one.group === group) ? null : true,
    )
  }

  /** Ctrl-C; resolves with the exit code. */
  async stop(): Promise<number | null> {
    const child = this.#child
    this.#child = null
    if (!child) return null
    const over = once(child, 'exit')
    const group = child.pid
    for (const { pid, words } of this.#options.box.processes().filter(one => one.group === group))
      if ((words[1] ?? '').endsWith('/bootstrap.mjs')) signal(pid, 'SIGINT')
    await over
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
      signal: AbortSignal.timeout(20_000),
    })
    const text = await answer.text()
    return { status: answer.status, body: text === '' ? null : JSON.parse(text) }
  }

  /** As a patient client asks: the same request again while nothing answers, or it is told to come back. */
  async insist(method: string, path: string, body?: unknown, key?: string): Promise<Answer> {
    let last = ''
    for (const end = performance.now() + 60_000; performance.now() < end; await pause(100)) {
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
    const words = [join(clone, 'cli/main.ts'), 'audit-host', '--json', '--data', this.data, '--wait', String(waitSeconds)]
    const [program, ...args] = this.#options.box.inside(process.execPath, ...words)
    try {
      const { stdout } = await run(program, args, { cwd: clone })
      return Differences.parse(JSON.parse(stdout))
    } catch (error) {
      const { stdout, stderr, code } = Failure.parse(error)
      if (code === 1 && stdout !== '') return Differences.parse(JSON.parse(stdout))
      throw new Error(`audit-host ended with ${code}: ${stderr}`)
    }
  }

  /** Takes away what it made of the network that all boxes share; all else goes with its box. */
  async erase(): Promise<void> {
    await this.killAll()
    if (this.#options.simulated > 0 || !existsSync(join(this.data, 'agent/agent.json'))) return
    const { tag } = this.agent
    const links = z.array(z.object({ ifname: z.string() })).parse(JSON.parse((await run('ip', ['-j', 'link'])).stdout))
    for (const { ifname } of links)
      if (ifname.startsWith(`sb${tag}`) || ifname.startsWith(`st${tag}`))
        await run('ip', ['link', 'del', ifname]).catch(() => undefined)
    await run('nft', ['delete', 'table', 'inet', `sirocco_${tag}`]).catch(() => undefined)
  }
}

const Failure = z.object({ code: z.union([z.number(), z.string(), z.null()]), stdout: z.string(), stderr: z.string() })

/** It may be gone already. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {}
}

/** The first of two ports that nobody listens on. */
async function freePorts(): Promise<number> {
  const isFree = (port: number) =>
    new Promise<boolean>(done => {
      const server = createServer()
      server.once('error', () => done(false))
      server.listen(port, '127.0.0.1', () => server.close(() => done(true)))
    })
  for (let port = 18_000 + (process.pid % 5_000) * 2; port < 60_000; port += 2)
    if ((await isFree(port)) && (await isFree(port + 1))) return port
  throw new Error('no two free ports')
}

/** Waits until `look` gives something else than null. */
export async function until<T>(what: string, look: () => Promise<T | null>, ms = 60_000): Promise<T> {
  let last = ''
  for (const end = performance.now() + ms; performance.now() < end; await pause(50)) {
    try {
      const found = await look()
      if (found !== null) return found
      last = ''
    } catch (error) {
      last = ` (${error instanceof Error ? error.message : String(error)})`
    }
  }
  throw new Error(`waited in vain for ${what}${last}`)
}
