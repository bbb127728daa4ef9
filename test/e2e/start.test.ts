import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Instance } from '../support/instance.ts'

const hostsOf = async (instance: Instance): Promise<string[]> => {
  const { api } = instance.ready
  const answer = await fetch(`${api.url}/hosts`, { headers: { authorization: `Bearer ${api.token}` } })
  const body: unknown = await answer.json()
  const items = typeof body === 'object' && body !== null && 'items' in body && Array.isArray(body.items) ? body.items : []
  return items.map(item => String(item.name)).sort()
}

describe('two simulated instances side by side', () => {
  let one: Instance
  let two: Instance

  beforeAll(async () => {
    one = await Instance.start({ simulated: 2, args: ['--host-name', 'one'] })
    two = await Instance.start({ simulated: 1, args: ['--host-name', 'two', '--region', 'elsewhere'] })
  })
  afterAll(async () => {
    await one?.dispose()
    await two?.dispose()
  })

  it('are ready with hosts of their own', async () => {
    expect(await hostsOf(one)).toEqual(['one-1', 'one-2'])
    expect(await hostsOf(two)).toEqual(['two'])
    expect(one.ready.ec2).toMatchObject({ endpoint: `http://127.0.0.1:${one.port + 1}`, region: 'local-1' })
    expect(two.ready.ec2.region).toBe('elsewhere')
    expect(one.ready.ec2.secretAccessKey).not.toBe(two.ready.ec2.secretAccessKey)
  })

  it('show their credentials to their owner only, and print how to sign in', () => {
    for (const file of ['ready.json', 'secrets.json', 'control.db'])
      expect(statSync(join(one.data, file)).mode & 0o077, file).toBe(0)
    expect(one.output()).toMatch(new RegExp(`http://127.0.0.1:${one.port}/sign-in#[A-Za-z0-9_-]{20,}`))
    expect(one.output()).toContain(`--endpoint-url http://127.0.0.1:${one.port + 1}`)
  })

  it('refuse a second start in the same directory with a sentence', () => {
    const again = () =>
      execFileSync(process.execPath, ['local/bootstrap.mjs', 'start', '--data', one.data, '--port', '1', '--simulated'], {
        stdio: 'pipe',
      })
    expect(again).toThrow(/is in use by process \d+: stop that one/)
    expect(existsSync(join(one.data, 'ready.json'))).toBe(true)
  })

  it('stop in order within seconds, and start again with the same credentials', async () => {
    const before = one.ready
    expect(await one.stop('SIGINT')).toBe(0)
    expect(existsSync(join(one.data, 'ready.json'))).toBe(false)
    expect(await hostsOf(two)).toEqual(['two'])
    const after = await one.start()
    expect({ ...after, pid: 0 }).toEqual({ ...before, pid: 0 })
    expect(await hostsOf(one)).toEqual(['one-1', 'one-2'])
  })

  it('start again after a kill −9 of everything', async () => {
    await one.kill('all')
    await one.start()
    expect(await hostsOf(one)).toEqual(['one-1', 'one-2'])
  })

  it('get over the death of workerd, at the same ports', async () => {
    expect(one.pids('workerd')).toHaveLength(1)
    await one.kill('workerd')
    await expect.poll(() => hostsOf(one).catch(() => []), { timeout: 20_000, interval: 50 }).toEqual(['one-1', 'one-2'])
    const ec2 = await fetch(one.ready.ec2.endpoint)
    expect(ec2.status).toBeGreaterThanOrEqual(400)
    expect(ec2.status).toBeLessThan(500)
  })
})

describe('an instance that cannot start', () => {
  const failing = async (args: readonly string[], prepare: (instance: Instance) => unknown = () => {}) => {
    const instance = await Instance.idle({ simulated: 1 })
    try {
      await prepare(instance)
      instance.launch(args)
      const code = await instance.ended()
      return { code, output: instance.output() }
    } finally {
      await instance.dispose()
    }
  }

  it('says that its port is taken', async () => {
    const server = createServer()
    let port = 0
    const { code, output } = await failing([], async instance => {
      // The second of its pair; whatever else runs here may have taken any other.
      port = instance.port + 1
      await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve))
    })
    server.close()
    expect(code).toBe(1)
    expect(output).toMatch(new RegExp(`Port ${port} of 127.0.0.1 is taken`))
  })

  it('says that its secrets are broken, and leaves them', async () => {
    const { code, output } = await failing([], ({ data }) => {
      mkdirSync(data)
      writeFileSync(join(data, 'secrets.json'), '{}')
    })
    expect(code).toBe(1)
    expect(output).toMatch(/secrets\.json cannot be read/)
  })

  it('says that its directory cannot be written to', async () => {
    const { code, output } = await failing(['--data', '/proc/sirocco'])
    expect(code).toBe(1)
    expect(output).toMatch(/\/proc\/sirocco cannot be written to/)
  })

  it('says which argument it does not know', async () => {
    const { code, output } = await failing(['--prot', '1'])
    expect(code).toBe(2)
    expect(output).toMatch(/^sirocco: Unknown option '--prot'/m)
  })
})

describe('data of another version', () => {
  it('is refused when it is newer', async () => {
    const instance = await Instance.start({ simulated: 1 })
    await instance.stop()
    const { default: Database } = await import('libsql')
    const database = new Database(join(instance.data, 'control.db'))
    database.exec("UPDATE meta SET value = '9999' WHERE key = 'version'")
    database.close()
    instance.launch()
    expect(await instance.ended()).toBe(1)
    expect(instance.output()).toMatch(/is of version 9999, this Sirocco knows up to \d+/)
    await instance.dispose()
  })
})
