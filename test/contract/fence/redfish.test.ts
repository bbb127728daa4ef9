import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { createHash, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { powerOff } from '@sirocco/agent/fence/power-off.ts'
import { tellController } from '@sirocco/agent/fence/redfish-https.ts'
import { run } from '@sirocco/agent/programs/run.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sushyEmulator } from '../../support/sushy.ts'
import { until } from '../../support/until.ts'

const { program, why } = sushyEmulator()
if (why !== null) console.log(`skipped: ${why}`)

const uuid = '27946b59-9e44-4fa7-8e91-f3527a1ef094'

/** It makes a new power state seen only seconds after it was asked for, as hardware does. */
describe.skipIf(program === null)("OpenStack's Redfish simulator", () => {
  let folder: string
  let simulator: ChildProcess
  let port = 0
  let pin = ''

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sirocco-redfish-'))
    const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')]
    const made = ['-keyout', key, '-out', certificate, '-subj', '/CN=bmc', '-days', '2']
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...made], { stdio: 'ignore' })
    pin = createHash('sha256')
      .update(new X509Certificate(readFileSync(certificate)).raw)
      .digest('hex')
    // root and calvin.
    writeFileSync(join(folder, 'users'), 'root:$2b$04$qFrPme7YhozHd2kZGAaCneAJFwJ8RGeKB2r.AYkrfH98b1YZfXuye\n')
    const settings = {
      SUSHY_EMULATOR_AUTH_FILE: join(folder, 'users'),
      SUSHY_EMULATOR_STATE_DIR: folder,
      SUSHY_EMULATOR_FAKE_DRIVER: true,
      SUSHY_EMULATOR_FAKE_SYSTEMS: [{ uuid, name: 'host', power_state: 'On', external_notifier: false, nics: [] }],
    }
    const words = Object.entries(settings).map(
      ([name, value]) =>
        `${name} = ${JSON.stringify(value).replaceAll(/\b(true|false)\b/g, word => (word === 'true' ? 'True' : 'False'))}`,
    )
    writeFileSync(join(folder, 'settings.py'), `${words.join('\n')}\n`)
    port = await freePort()
    const where = ['--config', join(folder, 'settings.py'), '-i', '127.0.0.1', '-p', String(port), '--fake']
    simulator = spawn(program ?? '', [...where, '--ssl-certificate', certificate, '--ssl-key', key], {
      stdio: 'ignore',
      cwd: folder,
    })
    await until('it to answer', async () => ((await power()) === 'On' ? true : null), 20_000)
  })
  afterAll(async () => {
    const over = once(simulator, 'exit')
    simulator.kill('SIGKILL')
    await over
    rmSync(folder, { recursive: true, force: true })
  })

  const controller = () =>
    ({ way: 'redfish', address: '127.0.0.1', port, username: 'root', password: 'calvin', pin, system: null }) as const
  const parts = {
    run,
    tell: tellController,
    clock: { now: () => Date.now() },
    pause: (ms: number) => new Promise<void>(resolve => setTimeout(resolve, ms)),
  }
  const power = async (): Promise<unknown> => {
    const answer = await tellController(controller(), 'GET', `/redfish/v1/Systems/${uuid}`)
    return answer.ok && answer.value.status === 200 ? JSON.parse(answer.value.text).PowerState : null
  }

  test('is not spoken to where it shows another certificate, or one that nobody vouches for', async () => {
    for (const other of ['ab'.repeat(32), null])
      expect(await powerOff({ ...controller(), pin: other }, parts)).toMatchObject({
        fault: { message: 'its controller at 127.0.0.1 cannot be asked', detail: expect.stringMatching(/certificate/i) },
      })
    expect(await power()).toBe('On')
  })

  test('does not take another password, and that is said', async () => {
    expect(await powerOff({ ...controller(), password: 'hobbes' }, parts)).toMatchObject({
      fault: { message: expect.stringContaining('name and password') },
    })
    expect(await power()).toBe('On')
  })

  test('is switched off, and seen to be', async () => {
    expect(await powerOff(controller(), parts)).toEqual({ ok: true, value: 'off' })
    expect(await power()).toBe('Off')
    expect(await powerOff({ ...controller(), system: uuid }, parts)).toEqual({ ok: true, value: 'off' })
  })
})

const freePort = (): Promise<number> =>
  new Promise(resolve => {
    const server = createServer()
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
