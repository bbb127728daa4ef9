import { mkdir, mkdtemp, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { limits } from '@sirocco/shared/model/limits.ts'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { consoleTail, isFileName, removeLog, trimLog } from './console-log.ts'

let dir = ''
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'log-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

const tail = async (bytes: number) => Buffer.from(await consoleTail(join(dir, 'vm.log'), bytes)).toString()

test('the tail goes back across the last time the log was begun anew', async () => {
  expect(await tail(10)).toBe('')
  await writeFile(join(dir, 'vm.log.0'), 'older')
  expect(await tail(10)).toBe('older')
  await writeFile(join(dir, 'vm.log'), 'newer')
  expect(await tail(10)).toBe('oldernewer')
  expect(await tail(7)).toBe('ernewer')
  expect(await tail(3)).toBe('wer')
})

test('only a log that has grown too long is emptied', async () => {
  const path = join(dir, 'vm.log')
  await writeFile(path, 'short')
  await trimLog(path)
  expect((await stat(path)).size).toBe(5)
  await truncate(path, limits.consoleFile + 1)
  await trimLog(path)
  expect((await stat(path)).size).toBe(0)
})

test('a log goes with all that came before it, and no other', async () => {
  for (const name of ['vm.log', 'vm.log.0', 'vm.log.2', 'vm.log.old', 'vm2.log']) await writeFile(join(dir, name), '')
  await mkdir(join(dir, 'vm.log.3'))
  await removeLog(dir, 'vm.log')
  expect((await readdir(dir)).sort()).toEqual(['vm.log.3', 'vm.log.old', 'vm2.log'])
})

test('the name of a log stays within its directory', () => {
  for (const name of ['sirocco-abc-vm_1', 'a', 'a.b']) expect(isFileName(name), name).toBe(true)
  for (const name of ['', '.', '..', '.x', '../x', 'a/b', 'a\0b', 'a b', 'é', 'x'.repeat(201)])
    expect(isFileName(name), name).toBe(false)
})
