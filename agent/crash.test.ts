import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../test/support/temporary-folder.ts'

const main = fileURLToPath(new URL('./main.ts', import.meta.url))
const crash = fileURLToPath(new URL('./crash.ts', import.meta.url))

/** Passes two points in a process of its own, over and over, until it is told to end. */
function passing(file: string): ChildProcess {
  const script = `
    import { haltAt } from ${JSON.stringify(crash)}
    const at = haltAt(${JSON.stringify(file)})
    for (let i = 0; ; i++) {
      await at('journal.append.before')
      await at('journal.append.after')
      await new Promise(resolve => setTimeout(resolve, 5))
    }`
  return spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'ignore' })
}

const isHalted = (pid: number) => / T /.test(readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\)/, ''))

test('a process halts at the n-th passing of the point that is named, and goes on when it is told to', async () => {
  const file = join(temporaryFolder(), 'halt')
  const child = passing(file)
  const pid = child.pid ?? 0
  const passed = () => readFileSync(`${file}.passed`, 'utf8').trim().split('\n')
  try {
    await expect.poll(() => existsSync(`${file}.passed`), { timeout: 10_000 }).toBe(true)
    for (const point of ['journal.append.after', 'journal.append.before']) {
      writeFileSync(file, `${point}:3`)
      await expect.poll(() => isHalted(pid), { timeout: 10_000 }).toBe(true)
      expect(passed().at(-1)).toBe(point)
      expect(existsSync(file)).toBe(false)
      const before = passed().length
      child.kill('SIGCONT')
      await expect.poll(() => passed().length, { timeout: 10_000 }).toBeGreaterThan(before)
    }
    writeFileSync(file, 'no.such.point:1')
    const before = passed().length
    await expect.poll(() => passed().length, { timeout: 10_000 }).toBeGreaterThan(before + 4)
    expect(isHalted(pid)).toBe(false)
  } finally {
    child.kill('SIGKILL')
  }
}, 20_000)

test('the command lists the crash points, and says clearly what it does not know', () => {
  const listed = execFileSync(process.execPath, [main, 'points'], { encoding: 'utf8' }).trim().split('\n')
  expect(listed).toContain('port.compute.start.after')
  expect(new Set(listed).size).toBe(listed.length)
  const unknown = spawnSync(process.execPath, [main, 'nonsense'], { encoding: 'utf8' })
  expect([unknown.status, unknown.stderr]).toEqual([1, expect.stringContaining('there is no command nonsense')])
  const empty = join(temporaryFolder(), 'none')
  const run = spawnSync(process.execPath, [main, 'run', '--data', empty], { encoding: 'utf8' })
  expect([run.status, run.stderr]).toEqual([1, expect.stringContaining('not enrolled')])
}, 20_000)
