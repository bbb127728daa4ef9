import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { seeded } from '../../shared/kit/random.ts'
import { holderOf, takeLock } from './lock.ts'
import { type Ready, readReady, removeReady, writeReady } from './ready.ts'
import { secretsOf } from './secrets.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'instance-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('the lock of a data directory', () => {
  it('is held by one process, which it names, until released', () => {
    const file = join(folder, 'lock')
    const lock = takeLock(file)
    expect(takeLock(file)).toEqual({ taken: false, by: process.pid })
    expect(holderOf(file)?.pid).toBe(process.pid)
    if (lock.taken) lock.release()
    expect(takeLock(file).taken).toBe(true)
  })

  it.each([
    ['a process that is gone', JSON.stringify({ pid: 4_194_304, started: '1' })],
    ['an earlier process of the same id', JSON.stringify({ pid: process.pid, started: '1' })],
    ['a crash that tore it', '{"pid":'],
  ])('is taken over from %s', (_, text) => {
    const file = join(folder, 'lock')
    writeFileSync(file, text)
    expect(takeLock(file).taken).toBe(true)
  })
})

describe('the secrets', () => {
  it('are made once, for the owner only, and are the same ever after', () => {
    const file = join(folder, 'data', 'secrets.json')
    const made = secretsOf(file, seeded(1))
    expect(secretsOf(file, seeded(2))).toEqual(made)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(made?.accessKey.id).toMatch(/^AKIA[A-Z2-7]{16}$/)
    expect(Buffer.from(made?.sealingKey ?? '', 'base64')).toHaveLength(32)
  })

  it('are never made anew over a file that cannot be read', () => {
    const file = join(folder, 'secrets.json')
    writeFileSync(file, '{}')
    expect(secretsOf(file, seeded(1))).toBeUndefined()
  })
})

describe('the ready file', () => {
  const ready: Ready = {
    url: 'http://127.0.0.1:8787',
    admin: { email: 'a@b', password: 'p' },
    ec2: { endpoint: 'http://127.0.0.1:8788', region: 'local-1', accessKeyId: 'a', secretAccessKey: 's' },
    api: { url: 'http://127.0.0.1:8787/api/v1', token: 'a.s' },
    pid: process.pid,
  }

  it('is for the owner only and is gone when removed', () => {
    writeReady(folder, ready)
    expect(readReady(folder)).toEqual(ready)
    expect(statSync(join(folder, 'ready.json')).mode & 0o777).toBe(0o600)
    removeReady(folder)
    expect(readReady(folder)).toBeUndefined()
  })

  it('of a process that was killed does not count', () => {
    writeReady(folder, { ...ready, pid: 4_194_304 })
    expect(readReady(folder)).toBeUndefined()
  })
})
