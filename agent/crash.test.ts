import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../test/support/temporary-folder.ts'

const main = fileURLToPath(new URL('./main.ts', import.meta.url))
const crash = fileURLToPath(new URL('./crash.ts', import.meta.url))

/** Passes the point `passes` times in a process of its own; what it printed, or the signal that ended it. */
function pass(spec: string, done: string, passes: number): string {
  const script = `
    import { crashAt } from ${JSON.stringify(crash)}
    const at = crashAt(${JSON.stringify(spec)}, ${JSON.stringify(done)})
    for (let i = 0; i < ${passes}; i++) await at('journal.append.before')
    console.log('alive')`
  const ended = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
  return ended.signal ?? (ended.status === 0 ? ended.stdout.trim() : ended.stderr)
}

test('a process is gone at the n-th passing of its crash point, once in all its lives', () => {
  const done = join(temporaryFolder(), 'crashed')
  expect(pass('journal.append.before:3', done, 2)).toBe('alive')
  expect(pass('journal.append.before:3', done, 3)).toBe('SIGKILL')
  expect(readFileSync(done, 'utf8')).toBe('journal.append.before:3\n')
  expect(pass('journal.append.before:3', done, 9)).toBe('alive')
  expect(pass('journal.append.before', done, 1)).toBe('SIGKILL')
  expect(pass('journal.append.after', done, 5)).toBe('alive')
  expect(pass('no.such.point', done, 1)).toContain('no crash point')
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
