import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import type { Difference } from '@sirocco/cli/audit/item.ts'
import { z } from 'zod'
import type { Instance } from '../support/instance.ts'
import { kill } from '../support/kill.ts'
import type { SiteHost } from '../support/site.ts'

const run = promisify(execFile)
const clone = resolve(import.meta.dirname, '../..')
const skewedClock = join(clone, 'test/support/skewed-clock.ts')

/** All hosts of a site belong to one installation. */
export const installation = { instance: 'site', tag: 'sit' } as const

const Config = z.object({ hosts: z.array(z.object({ id: z.string(), name: z.string() })).min(1) })
const Token = z.object({ token: z.string() })
const Differences = z.array(z.custom<Difference>(value => typeof value === 'object' && value !== null))

/** The agent of one host of a site, in a process of that host's, enrolled at an instance that runs outside. */
export class SiteAgent {
  readonly host: SiteHost
  readonly #instance: Instance
  readonly #script: string
  readonly data: string
  #child: ChildProcess | null = null

  constructor(host: SiteHost, instance: Instance, script: string) {
    this.host = host
    this.#instance = instance
    this.#script = script
    this.data = join(host.root, 'agent')
  }

  /** The bundle that all of them run. */
  static async bundle(dir: string): Promise<string> {
    const script = join(dir, 'sirocco-agent.mjs')
    await run(process.execPath, [join(clone, 'agent/bundle.mjs'), script], { cwd: clone })
    return script
  }

  get id(): string {
    return Config.parse(JSON.parse(readFileSync(join(this.data, 'agent.json'), 'utf8'))).hosts[0]?.id ?? ''
  }

  async enrol(): Promise<void> {
    await this.host.reach(this.#instance.port)
    mkdirSync(this.data, { mode: 0o700 })
    const token = join(this.data, 'token')
    const made = Token.parse((await this.#instance.insist('POST', '/enrol-tokens', {})).body)
    writeFileSync(token, made.token, { mode: 0o600 })
    const words = ['enrol', '--data', this.data, '--url', `http://127.0.0.1:${this.#instance.port}`, '--token-file', token]
    const place = ['--name', this.host.name, '--underlay', this.host.address]
    const { instance, tag } = installation
    const [enter, ...rest] = this.host.inside(
      process.execPath,
      this.#script,
      ...words,
      ...place,
      '--instance',
      instance,
      '--tag',
      tag,
    )
    await run(enter, rest)
  }

  /** Its clock goes wrong by this, from now on; 0: it is right again. Milliseconds. */
  skew(ms: number): void {
    writeFileSync(this.#skew, String(ms))
  }
  get #skew(): string {
    return join(this.host.root, 'skew')
  }

  start(): void {
    if (!existsSync(this.#skew)) this.skew(0)
    const log = openSync(join(this.host.root, 'agent.log'), 'a')
    const [enter, ...words] = this.host.inside(
      process.execPath,
      '--import',
      skewedClock,
      this.#script,
      'run',
      '--data',
      this.data,
    )
    this.#child = spawn(enter, words, { stdio: ['ignore', log, log], env: { ...process.env, SIROCCO_TEST_SKEW: this.#skew } })
    closeSync(log)
  }

  /** kill −9 */
  async kill(): Promise<void> {
    const child = this.#child
    this.#child = null
    const over = child && child.exitCode === null && child.signalCode === null ? once(child, 'exit') : null
    for (const { pid, words } of this.host.processes()) if (words.includes(this.#script) && words.includes('run')) kill(pid)
    await over
  }

  /** What `sirocco audit-host` finds in the host. */
  async audit(waitSeconds = 20): Promise<Difference[]> {
    const { url, token } = this.#instance.ready.api
    const words = ['audit-host', '--json', '--url', url, '--token', token, '--agent', this.data, '--wait', String(waitSeconds)]
    const [enter, ...rest] = this.host.inside(process.execPath, join(clone, 'cli/main.ts'), ...words)
    try {
      return Differences.parse(JSON.parse((await run(enter, rest, { cwd: clone })).stdout))
    } catch (error) {
      const { stdout, stderr, code } = Failure.parse(error)
      if (code === 1 && stdout !== '') return Differences.parse(JSON.parse(stdout))
      throw new Error(`audit-host ended with ${code}: ${stderr}`)
    }
  }

  log(): string {
    return readFileSync(join(this.host.root, 'agent.log'), 'utf8')
  }
}

const Failure = z.object({ code: z.union([z.number(), z.string(), z.null()]), stdout: z.string(), stderr: z.string() })
