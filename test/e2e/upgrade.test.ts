import { execFile } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { upgradePoints } from '@sirocco/agent/upgrade/upgrade.ts'
import { HostAccepted, HostPage, Upgrading } from '@sirocco/shared/api/hosts.ts'
import { Machine } from '@sirocco/shared/api/machines.ts'
import { OperationDetail } from '@sirocco/shared/api/operations.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { type Box, here, openBox, whyNotReal } from '../support/box.ts'
import { Instance } from '../support/instance.ts'
import { until } from '../support/until.ts'
import { Fleet } from './fleet.ts'
import { HaltingAgent } from './halting-agent.ts'

const run = promisify(execFile)

/** Another bundle than the one that is handed out, which does the same. */
const older = (bundle: string): string => `${bundle}\n// of another day\n`

const scriptOf = (data: string): string => join(data, 'run/sirocco-agent.mjs')

/** From an instance whose agent is its own to one whose agent is another bundle, in the hands of the test. */
async function withOlder(instance: Instance, agent: HaltingAgent): Promise<void> {
  await instance.stop()
  await instance.start(['--no-agent'])
  writeFileSync(scriptOf(instance.data), older(readFileSync(scriptOf(instance.data), 'utf8')))
  await agent.start()
}

/** As enrolment left it: nothing was chosen. */
function forgetUpgrade(data: string): void {
  for (const name of ['bundle.json', 'bundles']) rmSync(join(data, 'agent', name), { recursive: true, force: true })
}

const hostsOf = async (instance: Instance) => HostPage.parse((await instance.insist('GET', '/hosts')).body).items
const upgradesOf = async (instance: Instance) => (await hostsOf(instance)).map(({ upgrade }) => upgrade)

const becomes = (instance: Instance, upgrades: readonly string[]) =>
  until(`hosts to be ${upgrades}`, async () => ((await upgradesOf(instance)).join() === upgrades.join() ? true : null), 60_000)

const ended = (instance: Instance, id: string) =>
  until(
    `${id} to end`,
    async () => {
      const operation = OperationDetail.parse((await instance.insist('GET', `/operations/${id}`)).body)
      if (!['done', 'failed'].includes(operation.state)) throw new Error(`${operation.state}: ${operation.waiting}`)
      return operation
    },
    120_000,
  )

async function upgrade(instance: Instance, host: string): Promise<string> {
  const { status, body } = await instance.insist('POST', `/hosts/${host}/upgrade`, undefined)
  expect({ status, body }).toMatchObject({ status: 202 })
  return HostAccepted.parse(body).operations[0] ?? ''
}

describe('agents of simulated hosts', () => {
  let box: Box
  let instance: Instance
  let agent: HaltingAgent
  let second: HaltingAgent

  beforeAll(async () => {
    box = await here()
    instance = await Instance.start({ box, name: 'one', simulated: 1 })
    agent = new HaltingAgent(box, instance)
    await withOlder(instance, agent)
    second = await another()
    await becomes(instance, ['available', 'available'])
  })
  afterAll(async () => {
    await agent?.kill()
    await second?.kill()
    await instance?.dispose()
    await box?.close()
  })

  const data = () => join(box.dir, 'second')
  async function another(): Promise<HaltingAgent> {
    mkdirSync(dirname(scriptOf(data())), { recursive: true })
    copyFileSync(scriptOf(instance.data), scriptOf(data()))
    const { token } = z.object({ token: z.string() }).parse((await instance.insist('POST', '/enrol-tokens', {})).body)
    const words = ['--data', join(data(), 'agent'), '--url', `http://127.0.0.1:${instance.port}`, '--token', token]
    await run(process.execPath, [scriptOf(data()), 'enrol', ...words, '--simulated', '1', '--name', 'second'])
    const enrolled = new HaltingAgent(box, { data: data() })
    await enrolled.start()
    return enrolled
  }
  /** Both run what they were enrolled with. */
  async function again(): Promise<void> {
    for (const [one, of] of [
      [agent, instance.data],
      [second, data()],
    ] as const) {
      await one.kill()
      forgetUpgrade(of)
      await one.start()
    }
    await becomes(instance, ['available', 'available'])
  }
  const first = async () => {
    const host = (await hostsOf(instance)).find(({ name }) => name !== 'second')
    if (!host) throw new Error('no host')
    return host.id
  }

  test('one becomes the one that is handed out, in the same process, and its machine runs on', async () => {
    const fleet = new Fleet(instance)
    const machine = await fleet.settled('create', 'stays', null)
    const { pid } = agent
    const host = await first()
    expect(await ended(instance, await upgrade(instance, host))).toMatchObject({ state: 'done' })
    expect(new Set(await upgradesOf(instance))).toEqual(new Set(['current', 'available']))
    expect(agent.pid).toBe(pid)
    expect(Machine.parse((await instance.insist('GET', `/machines/${machine}`)).body).state).toBe('running')
    // It is that one already: nothing is begun.
    expect(await upgrade(instance, host)).toBe('')
    expect(await instance.audit()).toEqual([])
  })

  test.each(upgradePoints)('killed at %s, it is upgraded all the same', async point => {
    await again()
    agent.haltAt(point, 1)
    const host = await first()
    const operation = await upgrade(instance, host)
    const wait = { up: false }
    expect(await agent.halted(wait)).toBe(true)
    await agent.kill()
    await agent.start()
    expect(await ended(instance, operation)).toMatchObject({ state: 'done' })
    expect((await hostsOf(instance)).find(({ id }) => id === host)?.upgrade).toBe('current')
  })

  test('all are upgraded, one after the other', async () => {
    await again()
    const { body } = await instance.insist('POST', '/hosts/upgrade', undefined)
    expect(Upgrading.parse(body).operations).toHaveLength(1)
    await becomes(instance, ['current', 'current'])
    expect(await instance.audit()).toEqual([])
  })

  test('the first that fails says why, goes on as it was, and no other follows', async () => {
    await again()
    // Neither can keep what it fetched.
    for (const of of [instance.data, data()]) writeFileSync(join(of, 'agent/bundles'), 'a file where a folder should be')
    const { body } = await instance.insist('POST', '/hosts/upgrade', undefined)
    const [operation = ''] = Upgrading.parse(body).operations
    const failed = await ended(instance, operation)
    expect(failed).toMatchObject({ state: 'failed', fault: { message: expect.stringContaining('could not be kept') } })
    await becomes(instance, ['available', 'available'])
    expect((await hostsOf(instance)).map(({ state }) => state)).toEqual(['up', 'up'])
  })
})

/** Null where a guest takes a connection, at once or when it is asked again after a second, as a busy one may be; else why not. */
const deafness = (address: string): Promise<string | null> =>
  new Promise(resolve => {
    const socket = connect({ host: address, port: 22, timeout: 2_500 })
    const end = (why: string | null) => {
      socket.destroy()
      resolve(why)
    }
    socket.on('connect', () => end(null))
    socket.on('timeout', () => end('it does not answer'))
    socket.on('error', error => end(error.message))
  })

const why = whyNotReal()

describe.skipIf(why !== null)(`the agent of a real host${why === null ? '' : ` (${why})`}`, () => {
  let box: Box
  let instance: Instance
  let agent: HaltingAgent

  beforeAll(async () => {
    box = await openBox()
    instance = await Instance.start({ box, name: 'real' })
    agent = new HaltingAgent(box, instance)
    await withOlder(instance, agent)
  })
  afterAll(async () => {
    await agent?.kill()
    await instance?.dispose()
    await box?.close()
  })

  test('is upgraded while its guest runs and answers', async () => {
    const id = await new Fleet(instance).settled('create', 'answers', null)
    const machine = Machine.parse((await instance.insist('GET', `/machines/${id}`)).body)
    const address = machine.ports[0]?.address ?? ''
    const qemu = () => box.processes().filter(({ words }) => words.some(word => word.startsWith('guest=') && word.includes(id)))
    await until('the guest to answer', async () => ((await deafness(address)) === null ? true : null), 120_000)
    const before = qemu().map(({ pid }) => pid)
    const [host] = await hostsOf(instance)
    const operation = await upgrade(instance, host?.id ?? '')
    const deaf: string[] = []
    let asked = 0
    const over = { up: false }
    const end = ended(instance, operation).finally(() => {
      over.up = true
    })
    while (!over.up) {
      const why = await deafness(address)
      if (why !== null) deaf.push(why)
      asked++
      // More at once than its ssh server takes would be turned away.
      await pause(100)
    }
    expect(await end).toMatchObject({ state: 'done' })
    expect(deaf).toEqual([])
    expect(asked).toBeGreaterThan(5)
    expect(qemu().map(({ pid }) => pid)).toEqual(before)
    expect(before).toHaveLength(1)
    expect(await upgradesOf(instance)).toEqual(['current'])
    expect(await instance.audit()).toEqual([])
  })
})
