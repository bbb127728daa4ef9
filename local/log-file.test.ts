import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { logFile } from './log-file.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'log-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('a log is its owner’s alone, and goes on where it ended', () => {
  const file = join(folder, 'a.log')
  logFile(file).write('one\n')
  logFile(file).write('two\n')
  expect(readFileSync(file, 'utf8')).toBe('one\ntwo\n')
  expect(statSync(file).mode & 0o777).toBe(0o600)
})

test('a log that cannot be written ends nobody, and goes on when it can', () => {
  const file = join(folder, 'a.log')
  const log = logFile(file)
  mkdirSync(file)
  expect(() => log.write('lost\n')).not.toThrow()
  rmSync(file, { recursive: true })
  log.write('kept\n')
  expect(readFileSync(file, 'utf8')).toBe('kept\n')
})
