import { execFile } from 'node:child_process'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { Host, HostPage } from '@sirocco/shared/api/hosts.ts'
import { Machine, MachinePage } from '@sirocco/shared/api/machines.ts'
import { OperationPage } from '@sirocco/shared/api/operations.ts'
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

const Images = z.object({ items: z.array(z.object({ id: z.string() })) })
const Launched = z.object({ machines: z.array(z.object({ id: z.string() })) })

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
  const _other = (agent: SiteAgent): SiteAgent => agents.find(found => found !== agent) ?? agent
  const _host = async (agent: SiteAgent) => Host.parse(await ask('GET', `/hosts/${agent.id}`))
  const _within = async (agent: SiteAgent, ...words: string[]) => {
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
})
