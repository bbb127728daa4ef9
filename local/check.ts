import { execFile, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { bundleAgent } from '@sirocco/agent/bundle.mjs'
import { z } from 'zod'
import { budget, measure } from '../portal/budget.ts'
import { KiB, MiB } from '../shared/kit/units.ts'
import { bundleWorker, root } from './bundle.ts'
import { buildPortal, portalFolder } from './portal.ts'

/** What a step found wrong; empty when all is well, `undefined` when there was nothing to look at. */
type Verdict = string | undefined

/** Gzipped. The Worker's is what a paid account takes, cut by three so that it starts fast. The portal's is its own. */
const budgets = { worker: 1_024 * KiB, agent: 512 * KiB } as const

function run(program: string, args: readonly string[]): Promise<Verdict> {
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, [join(root, program), ...args], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, CI: '1', WRANGLER_SEND_METRICS: 'false' },
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString()
      })
    }
    child.on('error', fail)
    child.on('close', code => done(code === 0 ? '' : output.trim().slice(-8_000) || `exit ${code}`))
  })
}

const rooms = ['shared', 'control', 'control/domain', 'agent', 'portal', 'local', 'cli', 'test'].filter(room =>
  existsSync(join(root, room, 'tsconfig.json')),
)

const gzipped = (path: string) => gzipSync(readFileSync(path)).length
const within = (name: string, bytes: number, budget: number) =>
  bytes <= budget ? '' : `${name} is ${Math.ceil(bytes / KiB)} KiB gzipped, more than its ${budget / KiB}`

async function bundleBudgets(): Promise<Verdict> {
  const folder = mkdtempSync(join(tmpdir(), 'sirocco-check-'))
  try {
    const [worker, agent] = [join(folder, 'worker.mjs'), join(folder, 'agent.mjs')]
    await bundleWorker(worker, { minify: true })
    await bundleAgent(agent)
    const portal = measure(portalFolder)
    return [
      within('the Worker', gzipped(worker), budgets.worker),
      within('the agent', gzipped(agent), budgets.agent),
      portal <= budget.fail ? '' : `the portal's first load is ${portal.toFixed(1)} kB gzipped, more than its ${budget.fail}`,
    ]
      .filter(problem => problem !== '')
      .join('\n')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function deployDryRun(): Promise<Verdict> {
  const folder = mkdtempSync(join(tmpdir(), 'sirocco-deploy-'))
  try {
    const configuration = ['wrangler.toml', 'wrangler.jsonc', 'control/wrangler.toml'].find(path => existsSync(join(root, path)))
    if (!configuration) return undefined
    return await run('node_modules/wrangler/bin/wrangler.js', [
      'deploy',
      '--dry-run',
      '--config',
      configuration,
      '--outdir',
      folder,
    ])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const Audit = z.object({
  vulnerabilities: z.record(z.string(), z.object({ severity: z.string(), range: z.string() })),
})

/** What the registry knows against the packages of the lock file; undefined where it does not answer. */
async function vulnerabilities(): Promise<Verdict> {
  const how = ['audit', '--json', '--fetch-retries=0', '--fetch-timeout=20000']
  const { stdout } = await promisify(execFile)('npm', how, { cwd: root, maxBuffer: 16 * MiB }).catch(failureOf)
  const audit = Audit.safeParse(parsed(stdout))
  if (!audit.success) return undefined
  return Object.entries(audit.data.vulnerabilities)
    .filter(([, { severity }]) => severity === 'high' || severity === 'critical')
    .map(([name, { severity, range }]) => `${name} ${range}: ${severity}`)
    .join('\n')
}

/** npm ends with 1 where it found something, and says it all the same. */
const failureOf = (reason: unknown) => z.object({ stdout: z.string() }).catch({ stdout: '' }).parse(reason)

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

const steps: readonly (readonly [name: string, check: () => Promise<Verdict>])[] = [
  ...rooms.map(room => [`types of ${room}`, () => run('node_modules/typescript/bin/tsc', ['-p', room])] as const),
  ['format and lint', () => run('node_modules/@biomejs/biome/bin/biome', ['check', '--error-on-warnings', '.'])],
  ['import rules', () => run('node_modules/vitest/vitest.mjs', ['run', 'test/imports.test.ts'])],
  ['unused code', () => run('node_modules/knip/bin/knip.js', ['--no-progress'])],
  ['known vulnerabilities', vulnerabilities],
  ['the portal builds', async () => (await buildPortal()) ?? ''],
  ['deploy, dry run', deployDryRun],
  ['bundle budgets', bundleBudgets],
]

/** Every check with its own verdict; all run, also after one that failed. */
export async function main(): Promise<number> {
  let failures = 0
  for (const [name, check] of steps) {
    const since = performance.now()
    const problem = await check().catch((reason: unknown) => (reason instanceof Error ? reason.message : String(reason)))
    const seconds = ((performance.now() - since) / 1_000).toFixed(1)
    if (problem) failures += 1
    process.stdout.write(`${problem === undefined ? '-   ' : problem === '' ? 'ok  ' : 'FAIL'} ${name} (${seconds} s)\n`)
    if (problem) process.stdout.write(`${problem.replace(/^/gm, '     ')}\n`)
  }
  process.stdout.write(failures === 0 ? 'all checks passed\n' : `${failures} of ${steps.length} checks failed\n`)
  return failures === 0 ? 0 : 1
}
