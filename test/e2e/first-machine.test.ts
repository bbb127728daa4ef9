import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Box, openBox, whyNotReal } from '../support/box.ts'
import { Instance } from '../support/instance.ts'
import { until } from '../support/until.ts'
import { type Key, makeKey } from './keys.ts'

const run = promisify(execFile)
const why = whyNotReal()

/** The `aws` command as a person calls it, with what `npm start` prints. */
const aws = async (instance: Instance, ...args: string[]): Promise<string> => {
  const { endpoint, region, accessKeyId, secretAccessKey } = instance.ready.ec2
  const { stdout } = await run('aws', ['--endpoint-url', endpoint, '--region', region, 'ec2', ...args, '--output', 'text'], {
    env: { ...process.env, AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_PAGER: '' },
  })
  return stdout.trim()
}

const image = (instance: Instance) => aws(instance, 'describe-images', '--query', 'Images[0].ImageId')
const stateOf = (instance: Instance, id: string) =>
  aws(instance, 'describe-instances', '--instance-ids', id, '--query', 'Reservations[0].Instances[0].State.Name')
const addressOf = (instance: Instance, id: string) =>
  aws(instance, 'describe-instances', '--instance-ids', id, '--query', 'Reservations[0].Instances[0].PrivateIpAddress')
const becomes = (instance: Instance, id: string, state: string) =>
  until(`${id} to be ${state}`, async () => ((await stateOf(instance, id)) === state ? true : null), 100_000)

const userData = '#!/bin/sh\necho user-data was here > /root/made\n'

describe.skipIf(why !== null)(`a first machine${why === null ? '' : ` (${why})`}`, () => {
  let box: Box
  let one: Instance
  let other: Instance
  let key: Key
  let id = ''
  let address = ''

  beforeAll(async () => {
    box = await openBox()
    key = await makeKey(box.dir)
    one = await Instance.start({ box, name: 'one' })
    other = await Instance.idle({ box, name: 'other' })
  })
  afterAll(async () => {
    await other?.dispose()
    await one?.dispose()
    await box?.close()
  })
  const qemuOf = (machine: string) =>
    box.processes().filter(({ words }) => words.some(word => word.startsWith('guest=') && word.includes(machine)))

  test('runs by three commands of the aws client', async () => {
    await aws(one, 'import-key-pair', '--key-name', 'mine', '--public-key-material', `fileb://${key.file}.pub`)
    const launched = ['--image-id', await image(one), '--instance-type', 't3.nano', '--key-name', 'mine', '--user-data', userData]
    const name = 'ResourceType=instance,Tags=[{Key=Name,Value=First Machine}]'
    id = await aws(one, 'run-instances', ...launched, '--tag-specifications', name, '--query', 'Instances[0].InstanceId')
    expect(id).toMatch(/^i-[0-9a-f]{17}$/)
    await aws(one, 'wait', 'instance-running', '--instance-ids', id)
    address = await addressOf(one, id)
    expect(address).toMatch(/^10\.\d+\.\d+\.\d+$/)
  })

  test('lets its owner in by the key, under its name, with user-data run', async () => {
    const hostname = await until('ssh', () => key.ssh(address, 'hostname'), 120_000)
    expect(hostname).toBe('first-machine')
    expect(await until('user-data', () => key.ssh(address, 'cat /root/made'))).toBe('user-data was here')
  })

  test('shows what its console printed', async () => {
    await until('the login prompt', async () => {
      const text = await aws(one, 'get-console-output', '--instance-id', id, '--query', 'Output')
      return /login:/.test(text) || /login:/.test(Buffer.from(text, 'base64').toString()) ? true : null
    })
  })

  test('leaves a host on which nothing is lost, leaked or doubled', async () => {
    expect(await one.audit()).toEqual([])
  })

  test('goes on while the instance is stopped, and is found by the next start', async () => {
    const [before] = qemuOf(one.agent.tag)
    expect(before).toBeDefined()
    expect(await one.stop()).toBe(0)
    expect(qemuOf(one.agent.tag).map(({ pid }) => pid)).toEqual([before?.pid])
    expect(await key.ssh(address, 'hostname')).toBe('first-machine')
    await one.start()
    await becomes(one, id, 'running')
    expect(qemuOf(one.agent.tag).map(({ pid }) => pid)).toEqual([before?.pid])
    expect(await one.audit()).toEqual([])
  })

  test('shares its host with another instance that knows nothing of it', async () => {
    await other.start()
    const launched = ['--image-id', await image(other), '--instance-type', 't3.nano']
    const theirs = await aws(other, 'run-instances', ...launched, '--query', 'Instances[0].InstanceId')
    await becomes(other, theirs, 'running')
    expect(await aws(other, 'describe-instances', '--query', 'Reservations[].Instances[].InstanceId')).toBe(theirs)
    expect(await other.audit()).toEqual([])
    await aws(other, 'terminate-instances', '--instance-ids', theirs)
    await becomes(other, theirs, 'terminated')
    expect(await other.audit()).toEqual([])
    expect(await other.stop()).toBe(0)
    expect(await stateOf(one, id)).toBe('running')
    expect(await key.ssh(address, 'hostname')).toBe('first-machine')
    expect(await one.audit()).toEqual([])
  })

  test('reboots, stops and starts', async () => {
    const uptime = async () => Number((await key.ssh(address, 'cat /proc/uptime')).split(' ')[0])
    const before = await uptime()
    await aws(one, 'reboot-instances', '--instance-ids', id)
    await until('a fresh guest', async () => ((await uptime()) < before ? true : null), 100_000)
    await aws(one, 'stop-instances', '--instance-ids', id)
    await becomes(one, id, 'stopped')
    expect(qemuOf(one.agent.tag)).toEqual([])
    expect(await one.audit()).toEqual([])
    await aws(one, 'start-instances', '--instance-ids', id)
    await becomes(one, id, 'running')
    expect(await until('ssh', () => key.ssh(address, 'cat /root/made'), 120_000)).toBe('user-data was here')
  })

  test('leaves nothing behind when it is terminated', async () => {
    await aws(one, 'terminate-instances', '--instance-ids', id)
    await becomes(one, id, 'terminated')
    expect(await one.audit()).toEqual([])
    expect(qemuOf(one.agent.tag)).toEqual([])
    expect(await one.stop()).toBe(0)
    expect(one.pids('all')).toEqual([])
  })
})
