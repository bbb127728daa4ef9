import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { root } from './bundle.ts'

/** In this order, each only after the one before: what is quick to tell is told first. */
const projects = ['unit', 'contract', 'simulation', 'e2e'] as const

/** Of vitest's JSON report. A file that could not even be loaded has no tests and one failure. */
const Report = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number().default(0),
  numTodoTests: z.number().default(0),
  testResults: z.array(z.object({ status: z.string(), assertionResults: z.array(z.object({ status: z.string() })) })),
})

export interface Tally {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

const nothing: Tally = { passed: 0, failed: 0, skipped: 0 }
const sum = (a: Tally, b: Tally): Tally => ({
  passed: a.passed + b.passed,
  failed: a.failed + b.failed,
  skipped: a.skipped + b.skipped,
})

/** What a report says; a failure where there is none to read, or where vitest itself failed without one (an error between tests). */
export function tallyOf(report: string | undefined, exitCode: number | null): Tally {
  const parsed = report === undefined ? undefined : Report.safeParse(json(report)).data
  if (!parsed) return { ...nothing, failed: 1 }
  const broken = parsed.testResults.filter(
    file => file.status === 'failed' && !file.assertionResults.some(test => test.status === 'failed'),
  ).length
  const failed = parsed.numFailedTests + broken
  return {
    passed: parsed.numPassedTests,
    failed: failed === 0 && exitCode !== 0 ? 1 : failed,
    skipped: parsed.numPendingTests + parsed.numTodoTests,
  }
}

/** The last line of a run, alone on its line; the exit code beside it. A run without tests is a failure. */
export function verdict({ passed, failed, skipped }: Tally): { line: string; code: number } {
  const line = `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
  return { line, code: failed === 0 && passed > 0 ? 0 : 1 }
}

/** All tests, or what the arguments (as vitest's) choose of them; `--project NAME` chooses projects. */
export async function main(args: readonly string[]): Promise<number> {
  const rest = args.filter(arg => arg !== '--yes')
  const at = rest.indexOf('--project')
  const chosen = at < 0 ? projects : projects.filter(name => name === rest[at + 1])
  const others = at < 0 ? rest : rest.toSpliced(at, 2)
  const stop = new AbortController()
  // A terminal's Ctrl-C reaches vitest by itself; its end is waited for, so that it can clean up.
  process.on('SIGINT', () => stop.abort('SIGINT'))
  process.on('SIGTERM', () => stop.abort('SIGTERM'))
  let total = nothing
  for (const project of chosen) if (!stop.signal.aborted) total = sum(total, await runProject(project, others, stop.signal))
  if (stop.signal.aborted) total = sum(total, { ...nothing, failed: 1 })
  const { line, code } = verdict(total)
  process.stdout.write(`\n${line}\n`)
  return code
}

async function runProject(project: string, args: readonly string[], stop: AbortSignal): Promise<Tally> {
  process.stdout.write(`\n== ${project}\n`)
  const folder = mkdtempSync(join(tmpdir(), 'sirocco-test-'))
  const report = join(folder, 'report.json')
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const child = spawn(process.execPath, [vitest, 'run', '--project', project, '--passWithNoTests', ...reporters, ...args], {
    cwd: root,
    stdio: 'inherit',
  })
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
