import { spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { limits } from '@sirocco/shared/model/limits.ts'
import { expect, test } from 'vitest'
import { type Run, run } from '../programs/run.ts'
import { powerOffByIpmi } from './ipmi.ts'

const controller = {
  way: 'ipmi',
  address: '127.0.0.1',
  port: 623,
  username: 'root',
  pin: null,
  system: null,
  password: 'calvin',
} as const

/** Time that passes only by pauses. */
function time() {
  let now = 0
  return {
    clock: { now: () => now },
    pause: async (ms: number) => {
      now += ms
    },
  }
}

test('the host is off only when its controller says so, however the switching was answered', async () => {
  const asked: string[] = []
  const answers = ['Chassis Power is on', 'Chassis Power is on', 'Chassis Power is off']
  const controlled: Run = async (_, args) => {
    asked.push(args.at(-1) ?? '')
    return args.at(-1) === 'off'
      ? { code: 1, stdout: '', stderr: 'timeout' }
      : { code: 0, stdout: `${answers.shift()}\n`, stderr: '' }
  }
  expect(await powerOffByIpmi(controller, { run: controlled, ...time() })).toEqual({ ok: true, value: 'off' })
  expect(asked).toEqual(['off', 'status', 'status', 'status'])
})

test('a controller that is silent, or says that the host is on, is not believed to have switched it off', async () => {
  const silent: Run = async () => ({ code: 1, stdout: '', stderr: 'Unable to establish IPMI v2 / RMCP+ session' })
  expect(await powerOffByIpmi(controller, { run: silent, ...time() })).toMatchObject({ ok: false })
  const on: Run = async () => ({ code: 0, stdout: 'Chassis Power is on\n', stderr: '' })
  expect(await powerOffByIpmi(controller, { run: on, ...time() })).toMatchObject({ ok: false })
})

test('where ipmitool is missing, that is said at once', async () => {
  const missing: Run = async () => ({ code: null, stdout: '', stderr: 'spawn ipmitool ENOENT' })
  expect(await powerOffByIpmi(controller, { run: missing, ...time() })).toMatchObject({ fault: { code: 'unsupported' } })
})

test('the password is no argument', async () => {
  const seen: string[] = []
  const listening: Run = async (_, args) => {
    seen.push(...args)
    return { code: 0, stdout: 'Chassis Power is off\n', stderr: '' }
  }
  await powerOffByIpmi(controller, { run: listening, ...time() })
  expect(seen.join(' ')).not.toContain('calvin')
})

const installed = ['ipmi_sim', 'ipmitool'].every(name => existsSync(join('/usr/bin', name)))

test.skipIf(!installed)(
  "OpenIPMI's simulator is switched off",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sirocco-ipmi-'))
    const port = await freePort()
    const power = join(folder, 'power')
    writeFileSync(power, '1\n')
    const chassis = join(folder, 'chassis')
    // It asks `get power`, and says `set power 0`.
    writeFileSync(chassis, `#!/bin/sh\nif [ "$1" = set ]; then echo "$3" > ${power}; else echo "power:$(cat ${power})"; fi\n`)
    chmodSync(chassis, 0o700)
    writeFileSync(
      join(folder, 'lan.conf'),
      `name "bmc"
set_working_mc 0x20
  startlan 1
    addr 127.0.0.1 ${port}
    priv_limit admin
    allowed_auths_admin md5 straight
    guid a123456789abcdefa123456789abcdef
  endlan
  chassis_control "${chassis}"
  user 2 true "root" "calvin" admin 10 md5 straight
`,
    )
    writeFileSync(
      join(folder, 'sim.emu'),
      'mc_setbmc 0x20\nmc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr\nmc_enable 0x20\n',
    )
    const files = ['-c', join(folder, 'lan.conf'), '-f', join(folder, 'sim.emu'), '-s', join(folder, 'state')]
    const simulator = spawn('ipmi_sim', [...files, '-n'], { stdio: 'ignore', cwd: folder })
    try {
      const parts = {
        run,
        clock: { now: () => Date.now() },
        pause: (ms: number) => new Promise<void>(resolve => setTimeout(resolve, ms)),
      }
      expect(await powerOffByIpmi({ ...controller, port }, parts)).toEqual({ ok: true, value: 'off' })
      expect(readFileSync(power, 'utf8').trim()).toBe('0')
    } finally {
      simulator.kill('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    }
  },
  // ipmitool asks it for its cipher suites first, which it does not know, and waits.
  2 * limits.powerOff,
)

const freePort = (): Promise<number> =>
  new Promise(resolve => {
    const socket = createSocket('udp4')
    socket.bind(0, '127.0.0.1', () => {
      const { port } = socket.address()
      socket.close(() => resolve(port))
    })
  })
