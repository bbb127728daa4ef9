import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import type { Readable } from 'node:stream'
import { z } from 'zod'
import { bundles, root } from './bundle.ts'
import { buildPortal, portalIsBuilt } from './portal.ts'
import { progress } from './progress.mjs'

/**
 * Two lanes side by side, each in its order: what is quick to tell is told first, and what boots machines, which mostly waits for them,
 * goes beside what computes. The machine's own bridges and libvirtd are touched nowhere but in the second.
 */
const lanes = [
  ['unit', 'contract', 'simulation', 'e2e-simulated'],
  ['libvirt', 'e2e'],
] as const

/** Taken by whichever lane has come to its end: they share nothing but cores with any other. The longest first. */
const either = ['kills', 'moves', 'sites'] as const

/** Of vitest's JSON report. A file that could not even be loaded has no tests and one failure. */
const Report = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number().default(0),
  numTodoTests: z.number().default(0),
  testResults: z.array(
    z.object({
      name: z.string().default(''),
      status: z.string(),
      message: z.string().default(''),
      assertionResults: z.array(
        z.object({
          status: z.string(),
          fullName: z.string().default(''),
          failureMessages: z.array(z.string()).nullish(),
        }),
      ),
    }),
  ),
})

export interface Tally {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  /** A line for each failure: which, and the first line of why. What two lanes print side by side is long to search. */
  readonly failures: readonly string[]
}

const nothing: Tally = { passed: 0, failed: 0, skipped: 0, failures: [] }
const failure = (why: string): Tally => ({ ...nothing, failed: 1, failures: [why] })
const sum = (a: Tally, b: Tally): Tally => ({
  passed: a.passed + b.passed,
  failed: a.failed + b.failed,
  skipped: a.skipped + b.skipped,
  failures: [...a.failures, ...b.failures],
})

/** What a report says; a failure where there is none to read, or where vitest itself failed without one (an error between tests). */
export function tallyOf(report: string | undefined, exitCode: number | null): Tally {
  const parsed = report === undefined ? undefined : Report.safeParse(json(report)).data
  if (!parsed) return failure('vitest ended without a report')
  const failures = parsed.testResults
    .filter(file => file.status === 'failed')
    .flatMap(({ name, message, assertionResults }) => {
      const file = relative(root, name)
      const tests = assertionResults.filter(test => test.status === 'failed')
      if (tests.length === 0) return [`${file}: ${firstLine(message)}`]
      return tests.map(test => `${file}: ${test.fullName}: ${firstLine(test.failureMessages?.[0] ?? '')}`)
    })
  const failed = Math.max(parsed.numFailedTests, failures.length)
  const counted = { passed: parsed.numPassedTests, skipped: parsed.numPendingTests + parsed.numTodoTests }
  return failed === 0 && exitCode !== 0
    ? { ...counted, failed: 1, failures: [`vitest failed with exit code ${exitCode}, and no test did`] }
    : { ...counted, failed, failures }
}

const firstLine = (text: string): string => text.split('\n', 1)[0] ?? ''

/** The last line of a run, alone on its line; the exit code beside it. A run without tests is a failure. */
export function verdict({ passed, failed, skipped }: Omit<Tally, 'failures'>): { line: string; code: number } {
  const line = `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
  return { line, code: failed === 0 && passed > 0 ? 0 : 1 }
}

/**
 * The projects of each lane, and those that go in either, of what `--project NAME` chooses; all of them without. On one core, and for one project, there is
 * one lane.
 */
export function lanesOf(chosen: string | undefined, cores: number): { readonly own: string[][]; readonly either: string[] } {
  const some = (names: readonly string[]) => names.filter(name => chosen === undefined || name === chosen)
  return cores > 1 && chosen === undefined
    ? { own: lanes.map(some), either: some(either) }
    : { own: [some([...lanes.flat(), ...either])], either: [] }
}

/** All tests, or what the arguments (as vitest's) choose of them; `--project NAME` chooses a project. */
export async function main(args: readonly string[]): Promise<number> {
  const rest = args.filter(arg => arg !== '--yes')
  const at = rest.indexOf('--project')
  const { own, either } = lanesOf(at < 0 ? undefined : rest[at + 1], availableParallelism())
  const others = at < 0 ? rest : rest.toSpliced(at, 2)
  const stop = new AbortController()
  // A terminal's Ctrl-C reaches vitest by itself; its end is waited for, so that it can clean up.
  process.on('SIGINT', () => stop.abort('SIGINT'))
  process.on('SIGTERM', () => stop.abort('SIGTERM'))
  // Two lanes must not build it at once, in one place.
  if (own.length > 1) await build()
  const runLane = async (lane: string[]) => {
    let total = nothing
    for (let next = lane.shift() ?? either.shift(); next !== undefined; next = lane.shift() ?? either.shift())
      if (!stop.signal.aborted) total = sum(total, await runProject(next, others, { stop: stop.signal, alone: own.length === 1 }))
    return total
  }
  let total = (await Promise.all(own.map(runLane))).reduce(sum, nothing)
  if (stop.signal.aborted) total = sum(total, failure(`ended by ${stop.signal.reason}`))
  const { line, code } = verdict(total)
  if (total.failures.length > 0) process.stdout.write(`\nFailed:\n${total.failures.map(each => `  ${each}\n`).join('')}`)
  process.stdout.write(`\n${line}\n`)
  return code
}

/** What instances are started from. What is wrong with it is told by the tests that need it. */
async function build(): Promise<void> {
  await progress.step('bundling', bundles).catch(() => undefined)
  if (!portalIsBuilt()) await progress.step('building the portal', buildPortal)
}

interface Run {
  readonly stop: AbortSignal
  /** Has the terminal for itself. */
  readonly alone: boolean
}

async function runProject(project: string, args: readonly string[], { stop, alone }: Run): Promise<Tally> {
  process.stdout.write(`\n== ${project}\n`)
  const folder = mkdtempSync(join(tmpdir(), 'sirocco-test-'))
  const report = join(folder, 'report.json')
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const child = spawn(process.execPath, [vitest, 'run', '--project', project, '--passWithNoTests', ...reporters, ...args], {
    cwd: root,
    stdio: alone ? 'inherit' : ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...(!alone && process.stdout.isTTY ? { FORCE_COLOR: '1' } : {}) },
  })
  for (const [from, to] of [
    [child.stdout, process.stdout],
    [child.stderr, process.stderr],
  ] as const)
    if (from) byLines(from, to)
  const end = () => {
    if (stop.reason === 'SIGTERM') child.kill('SIGTERM')
  }
  stop.addEventListener('abort', end)
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.on('error', reject)
      child.on('close', resolve)
    })
    return tallyOf(readIfThere(report), code)
  } finally {
    stop.removeEventListener('abort', end)
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Passes whole lines on, since another writes beside. */
function byLines(from: Readable, to: NodeJS.WritableStream): void {
  let rest = ''
  from.setEncoding('utf8')
  from.on('data', (chunk: string) => {
    const end = chunk.lastIndexOf('\n') + 1
    if (end > 0) to.write(rest + chunk.slice(0, end))
    rest = end > 0 ? chunk.slice(end) : rest + chunk
  })
  from.on('end', () => to.write(rest))
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

function json(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
