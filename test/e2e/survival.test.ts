import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { Host, HostPage } from '@sirocco/shared/api/hosts.ts'
import { Machine, MachinePage } from '@sirocco/shared/api/machines.ts'
import { OperationPage } from '@sirocco/shared/api/operations.ts'
import { PoolDetail } from '@sirocco/shared/api/pools.ts'
import { VolumePage } from '@sirocco/shared/api/volumes.ts'
import { minute, second } from '@sirocco/shared/kit/clock.ts'
import { hasEnded } from '@sirocco/shared/model/operations/states.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { type Box, here, whyNotReal } from '../support/box.ts'
import { Instance } from '../support/instance.ts'
import { openSite, type Site } from '../support/site.ts'
import { until } from '../support/until.ts'
import { SiteAgent } from './site-agent.ts'

const run = promisify(execFile)
const whyNot = whyNotReal()

/** Seconds that a host is out of reach; longer than a host may be silent (45 s) it is a longer test. */
const partition = Number(process.env.SIROCCO_PARTITION ?? 9)
/** Also what takes a minute and more. */
const long = process.env.SIROCCO_SURVIVAL === 'long'

const Images = z.object({ items: z.array(z.object({ id: z.string() })) })
const Launched = z.object({ machines: z.array(z.object({ id: z.string() })) })
const Made = z.object({ volume: z.object({ id: z.string() }) })

describe.skipIf(whyNot !== null)(`two hosts survive${whyNot === null ? '' : ` (${whyNot})`}`, () => {
  let site: Site
  let box: Box
  let one: Instance
  let agents: SiteAgent[] = []
  let image = ''
  let tokens = 0

  beforeAll(async () => {
    site = await openSite(2)
    box = await here()
    one = await Instance.start({ box, name: 'control', args: ['--no-agent'] })
    const script = await SiteAgent.bundle(site.dir)
    agents = site.hosts.map(host => new SiteAgent(host, one, script))
    for (const agent of agents) {
      await agent.enrol()
      agent.start()
    }
    await until('both hosts to be up', async () => {
      const { items } = HostPage.parse((await one.ask('GET', '/hosts')).body)
      return items.filter(({ state }) => state === 'up').length === 2 ? true : null
    })
    image = Images.parse(await ask('GET', '/images')).items[0]?.id ?? ''
  }, 180_000)
  afterAll(async () => {
    await one?.dispose()
    await site?.close()
    await box?.close()
  }, 60_000)

  const ask = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const answer = await one.insist(method, path, body, `t${++tokens}`)
    expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(300)
    return answer.body
  }
  const machine = async (id: string) => Machine.parse(await ask('GET', `/machines/${id}`))
  const launch = async (body: object = {}) => {
    const [made] = Launched.parse(await ask('POST', '/machines', { image, flavor: 't3.pico', ...body })).machines
    return made?.id ?? ''
  }
  const becomes = (id: string, state: string, ms = 60_000) =>
    until(
      `${id} to be ${state}`,
      async () => {
        const found = await machine(id)
        if (found.state !== state) throw new Error(`it is ${found.state}: ${found.progress}`)
        return true
      },
      ms,
    )
  const agentOn = async (id: string): Promise<SiteAgent> => {
    const { host } = await machine(id)
    const found = agents.find(agent => agent.id === host)
    if (!found) throw new Error(`${id} is on no host: ${host}`)
    return found
  }
  const other = (agent: SiteAgent): SiteAgent => agents.find(found => found !== agent) ?? agent
  const host = async (agent: SiteAgent) => Host.parse(await ask('GET', `/hosts/${agent.id}`))
  const within = async (agent: SiteAgent, ...words: string[]) => {
    const [enter, ...rest] = agent.host.inside(...words)
    await run(enter, rest)
  }
  const guests = (id: string) =>
    agents.flatMap(agent =>
      agent.host
        .processes()
        .filter(({ words }) => words.some(word => word.startsWith('guest=') && word.includes(id)))
        .map(() => agent.id),
    )
  const operations = async () => OperationPage.parse(await ask('GET', '/operations?limit=1000')).items

  /** Nothing is under way any more, each machine is where it is said to be, what failed says why, and neither host holds anything else. */
  async function converges(ms = 90_000): Promise<void> {
    await until(
      'all to come to its end',
      async () => {
        const open = (await operations()).filter(({ state }) => !hasEnded(state))
        if (open.length > 0) throw new Error(open.map(({ kind, state, waiting }) => `${kind} ${state}: ${waiting}`).join('; '))
        for (const { id, state, host } of MachinePage.parse(await ask('GET', '/machines?limit=1000')).items) {
          if (!['running', 'stopped', 'failed', 'gone'].includes(state)) throw new Error(`${id} is ${state}`)
          const [running, home] = [guests(id), state === 'running' ? [host] : []]
          if (running.join() !== home.join()) throw new Error(`${id} is ${state} on ${host}, and has guests on ${running}`)
        }
        for (const { id, state } of VolumePage.parse(await ask('GET', '/volumes?limit=1000')).items)
          if (!['available', 'in-use', 'gone', 'failed'].includes(state)) throw new Error(`${id} is ${state}`)
        return true
      },
      ms,
    )
    for (const { kind, state, fault } of await operations())
      if (state === 'failed') expect(fault, kind).toMatchObject({ message: expect.stringMatching(/\w+ \w+/) })
    for (const agent of agents) expect(await agent.audit(), agent.host.name).toEqual([])
  }

  let first = ''

  test(`a partition of ${partition} s: the guest goes on, and what was asked meanwhile comes about after it`, async () => {
    first = await launch({ name: 'first' })
    await becomes(first, 'running')
    const home = await agentOn(first)
    home.host.cut(true)
    await ask('POST', `/machines/${first}/stop`, { force: true })
    const meanwhile = await launch({ name: 'meanwhile' })
    await pause(partition * second)
    expect(guests(first)).toEqual([home.id])
    home.host.cut(false)
    await becomes(first, 'stopped')
    await becomes(meanwhile, 'running')
    await converges()
    await ask('DELETE', `/machines/${meanwhile}`)
    await converges()
  }, 240_000)

  test.each([10, -10])(
    'a clock %i minutes off, and right again',
    async minutes => {
      const home = await agentOn(first)
      home.skew(minutes * minute)
      await ask('POST', `/machines/${first}/start`, {})
      await becomes(first, 'running')
      // What is linked stays so; whoever dials with such a clock is turned away, with the reason in the agent's log.
      home.host.cut(true)
      home.host.cut(false)
      await ask('POST', `/machines/${first}/stop`, { force: true })
      await pause(2 * second)
      expect(guests(first)).toEqual([home.id])
      home.skew(0)
      await becomes(first, 'stopped')
      await converges()
    },
    120_000,
  )

  test('a full disk: a volume in it fails with the reason, and the next is made when there is room', async () => {
    const agent = await agentOn(first)
    await within(agent, 'mkdir', '/mnt/small')
    await within(agent, 'mount', '-t', 'tmpfs', '-o', 'size=8m,mode=0755', 'tmpfs', '/mnt/small')
    const pool = PoolDetail.parse(await ask('POST', '/pools', { name: 'small', path: '/mnt/small' }))
    await until('the host to tell of the pool', async () =>
      PoolDetail.parse(await ask('GET', `/pools/${pool.id}`)).hosts.some(({ id, fault }) => id === agent.id && fault === null)
        ? true
        : null,
    )
    await within(agent, 'sh', '-c', 'cat /dev/zero > /mnt/small/filler || true')
    const volume = Made.parse(await ask('POST', '/volumes', { sizeMiB: 4, pool: 'small' })).volume.id
    await ask('POST', `/volumes/${volume}/attach`, { machine: first })
    await until('it to be said that the disk is full', async () => {
      const about = (await operations()).filter(({ subject }) => subject === volume || subject === first)
      return about.some(({ waiting, fault }) => /full/.test(`${waiting} ${fault?.message}`)) ? true : null
    })
    await within(agent, 'rm', '/mnt/small/filler')
    await converges()
    const next = Made.parse(await ask('POST', '/volumes', { sizeMiB: 4, pool: 'small' })).volume.id
    await ask('POST', `/volumes/${next}/attach`, { machine: first })
    await converges()
    for (const { id, state } of VolumePage.parse(await ask('GET', '/volumes?limit=1000')).items)
      if ([volume, next].includes(id) && state === 'in-use') await ask('POST', `/volumes/${id}/detach`, {})
    await converges()
    for (const id of [volume, next]) await ask('DELETE', `/volumes/${id}`)
    await converges()
  }, 120_000)

  test('a corrupt image: wrong bytes in a cache are fetched anew; wrong ones in the store make no machine, and say so', async () => {
    const caches = agents.map(({ host }) => join(host.root, 'var/lib/sirocco/site/images'))
    const blobs = join(one.data, 'blobs')
    const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')
    const home = caches[agents.indexOf(await agentOn(first))] ?? ''
    const names = await readdir(home)
    const spoil = async (path: string) => {
      const bytes = await readFile(path)
      const spoilt = Buffer.from(bytes)
      spoilt.fill('x', 0, 4_096)
      await writeFile(path, spoilt)
      return () => writeFile(path, bytes)
    }
    for (const name of names) await spoil(join(home, name))
    // It is what they meet who come to this host.
    const away = other(await agentOn(first))
    await ask('PATCH', `/hosts/${away.id}`, { accepting: false })
    const again = await launch({ name: 'again' })
    await becomes(again, 'running')
    expect(await agentOn(again)).toBe(await agentOn(first))
    for (const name of names) expect(sha256(await readFile(join(home, name)))).toBe(name)
    await ask('PATCH', `/hosts/${away.id}`, { accepting: true })
    await ask('POST', `/machines/${again}/stop`, { force: true })
    await becomes(again, 'stopped')
    await converges()
    await ask('DELETE', `/machines/${again}`)

    const mends: (() => Promise<void>)[] = []
    for (const entry of await readdir(blobs, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name)
      if (entry.isFile() && names.includes(sha256(await readFile(path)))) mends.push(await spoil(path))
    }
    expect(mends.length).toBeGreaterThan(0)
    try {
      for (const cache of caches) await rm(cache, { recursive: true, force: true })
      const spoilt = await launch({ name: 'spoilt' })
      await becomes(spoilt, 'failed')
      expect(JSON.stringify((await machine(spoilt)).stateReason)).toMatch(/damaged in the store/)
      await ask('DELETE', `/machines/${spoilt}`)
    } finally {
      for (const mend of mends) await mend()
    }
    await ask('POST', `/machines/${first}/start`, {})
    await becomes(first, 'running')
    await converges()
  }, 180_000)

  test.each(['source', 'target'] as const)(
    'the %s dies in the middle of a migration, and comes back',
    async part => {
      if ((await machine(first)).state !== 'running') await ask('POST', `/machines/${first}/start`, {})
      await becomes(first, 'running')
      const source = await agentOn(first)
      const dying = part === 'source' ? source : other(source)
      await ask('POST', `/machines/${first}/migrate`, { host: other(source).id })
      await pause(700)
      await dying.host.powerOff()
      await pause(second)
      await dying.host.boot()
      dying.start()
      await converges(150_000)
      expect((await machine(first)).state).toMatch(/running|stopped/)
    },
    240_000,
  )

  test.runIf(long)(
    'a host reboots after its machine was fenced and restarted elsewhere',
    async () => {
      if ((await machine(first)).state !== 'running') await ask('POST', `/machines/${first}/start`, {})
      await becomes(first, 'running')
      await ask('PUT', `/machines/${first}/recover`, { recover: 'fresh' })
      const home = await agentOn(first)
      await home.host.powerOff()
      await until('it to be missed', async () => ((await host(home)).state === 'silent' ? true : null), 90_000)
      await ask('POST', `/hosts/${home.id}/fence`, { how: 'word', confirm: home.host.name })
      await until('the machine to run elsewhere', async () => (guests(first).join() === other(home).id ? true : null), 90_000)
      await becomes(first, 'running')
      await home.host.boot()
      home.start()
      await until('it to be back', async () => {
        const { state, fenced } = await host(home)
        return state === 'up' && fenced === null ? true : null
      })
      await converges()
      expect(guests(first)).toEqual([other(home).id])
      await ask('DELETE', `/machines/${first}`)
      await converges()
    },
    300_000,
  )
})
