import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@libsql/client/web'
import { dataVersion, schemaVersion } from '@sirocco/control/adapters/store/migrate.ts'
import { Secret } from '@sirocco/shared/kit/secret.ts'
import { afterEach, expect, test, vi } from 'vitest'
import { main } from './edge.ts'
import { createHrana } from './hrana/hrana.ts'
import { listen } from './hrana/listen.ts'

const folder = mkdtempSync(join(tmpdir(), 'sirocco-edge-'))
afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
})

test('a remote database is prepared once, and again without harm', async () => {
  const hrana = createHrana(join(folder, 'control.db'))
  const remote = await listen(hrana, new Secret('token'))
  const url = `http://127.0.0.1:${remote.port}`
  const out = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
  vi.stubEnv('DB_TOKEN', 'token')
  const args = ['--db-url', url, '--url', 'https://cloud.example.com', '--data', join(folder, 'secrets')]
  expect(await main(args)).toBe(0)
  expect(await main(args)).toBe(0)

  const said = out.mock.calls.map(([text]) => String(text)).join('')
  const secrets = readFileSync(join(folder, 'secrets', 'secrets.json'), 'utf8')
  const { admin, sealingKey } = JSON.parse(secrets)
  expect(said).toContain('https://cloud.example.com/sign-in#')
  expect(said).not.toContain(admin.password)
  expect(said).not.toContain(sealingKey)
  const client = createClient({ url, authToken: 'token' })
  expect(await dataVersion(client)).toBe(schemaVersion)
  expect((await client.execute('SELECT count(*) FROM project')).rows[0]?.[0]).toBe(1)
  expect((await client.execute('SELECT count(*) FROM enrolment')).rows[0]?.[0]).toBe(2)
  await remote.close()
  await hrana.close()
  rmSync(folder, { recursive: true })
})

test('what is missing is said before anything is touched', async () => {
  await expect(main([])).rejects.toThrow('--db-url and --url are needed')
  vi.stubEnv('DB_TOKEN', '')
  await expect(main(['--db-url', 'https://db.example.com', '--url', 'https://cloud.example.com'])).rejects.toThrow(
    'DB_TOKEN is not set',
  )
})
