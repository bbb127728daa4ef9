import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@libsql/client/web'
import { aesGcm } from '@sirocco/control/adapters/secrets/aes-gcm.ts'
import { migrate } from '@sirocco/control/adapters/store/migrate.ts'
import { allowEnrolment, registerImage, setUp } from '@sirocco/control/adapters/store/set-up.ts'
import { sha256 } from '@sirocco/control/services/sha256.ts'
import { bundleWorker } from '@sirocco/local/bundle.ts'
import { fetchOf, hranaUrl } from '@sirocco/local/hrana/fetch.ts'
import { createHrana } from '@sirocco/local/hrana/hrana.ts'
import { listen } from '@sirocco/local/hrana/listen.ts'
import { outwardBy } from '@sirocco/local/outward.ts'
import { startWorkerd, type Workerd } from '@sirocco/local/workerd.ts'
import { ids as idsOf } from '@sirocco/shared/kit/id.ts'
import { seeded } from '@sirocco/shared/kit/random.ts'
import { Secret } from '@sirocco/shared/kit/secret.ts'

export const blob = { sha256: 'ab'.repeat(32), text: 'hello world' }
export const authorization = 'Bearer AKIAEXAMPLE.secret'

/** The real Worker in workerd over a database in a file, with nothing around it: cron ticks only when a test says so. */
export async function edge() {
  const data = mkdtempSync(join(tmpdir(), 'sirocco-edge-'))
  mkdirSync(join(data, 'run'))
  const script = join(data, 'run/worker.mjs')
  await bundleWorker(script)
  const hrana = createHrana(join(data, 'control.db'))
  const token = new Secret('token')
  const database = await listen(hrana, token)
  const sealingKey = new Secret(Buffer.alloc(32, 7).toString('base64'))
  const clock = { now: () => Date.now() }
  const random = seeded(1)
  const client = createClient({ url: hranaUrl, fetch: fetchOf(hrana) })
  const parts = { client, secrets: aesGcm(sealingKey, random), clock, random, ids: idsOf(clock, random) }
  await migrate(client)
  const { zone } = await setUp(parts, {
    region: 'test-1',
    pool: '10.64.0.0/16',
    project: 'demo',
    admin: { email: 'admin@example.org', passwordHash: 'scrypt$' },
    accessKey: { accessKeyId: 'AKIAEXAMPLE', secret: new Secret('secret') },
  })
  await allowEnrolment(parts, zone, await sha256('enrol-me'))
  const image = await registerImage(parts, {
    name: 'tiny',
    description: '',
    architecture: 'x86_64',
    minDiskMiB: 96,
    files: [{ role: 'disk', format: 'qcow2', sha256: blob.sha256, bytes: blob.text.length }],
    cmdline: null,
  })
  const port = await freePorts()
  const url = `http://127.0.0.1:${port}`
  const start = (): Promise<Workerd> =>
    startWorkerd({
      script,
      data,
      port,
      database: { port: database.port, token },
      sealingKey,
      publicUrl: url,
      ec2Url: `http://127.0.0.1:${port + 1}`,
      region: 'test-1',
      agents: { instance: 'i1', bundle: 'ab'.repeat(32) },
      assets: ({ pathname }) => ({
        status: 200,
        headers: { 'content-type': 'text/html' },
        body: Buffer.from(`portal ${pathname}`),
      }),
      outward: outwardBy({ allow: ['127.0.0.0/8'] }),
      log: () => {},
    })
  let workerd = await start()
  const file = join(data, 'blob')
  writeFileSync(file, blob.text)
  await workerd.putBlob(`images/${blob.sha256}`, file)

  return {
    url,
    image,
    enrolment: 'enrol-me',
    cron: () => workerd.scheduled(),
    call: (method: string, path: string, body?: unknown) =>
      fetch(`${url}/api/v1${path}`, {
        method,
        headers: { authorization, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    /** Stops workerd, deletes all that its objects kept, and starts it again. */
    async forget() {
      await workerd.stop()
      rmSync(join(data, 'objects'), { recursive: true })
      workerd = await start()
    },
    async close() {
      await workerd.stop()
      await database.close()
      await hrana.close()
      rmSync(data, { recursive: true })
    },
  }
}
export type Edge = Awaited<ReturnType<typeof edge>>

/** A port that is free, and the next one too. */
async function freePorts(): Promise<number> {
  for (;;) {
    const port = await taken(0)
    if (port !== null && (await taken(port + 1)) !== null) return port
  }
}
const taken = (port: number): Promise<number | null> =>
  new Promise(resolve => {
    const server = createServer()
    server.once('error', () => resolve(null))
    server.listen(port, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : null))
    })
  })
