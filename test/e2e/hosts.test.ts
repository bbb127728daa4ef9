import { execFileSync } from 'node:child_process'
import { setTimeout as pause } from 'node:timers/promises'
import { HostPage, MaintenancePlan } from '@sirocco/shared/api/hosts.ts'
import { Machine, MachinePage } from '@sirocco/shared/api/machines.ts'
import { OperationPage } from '@sirocco/shared/api/operations.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Box, here, whyNotReal } from '../support/box.ts'
import { Instance } from '../support/instance.ts'
import { openSite, type Site } from '../support/site.ts'
import { until } from '../support/until.ts'
import { Fleet } from './fleet.ts'
import { SiteAgent } from './site-agent.ts'

const whyNot = whyNotReal()

describe.skipIf(whyNot !== null)(`two hosts${whyNot === null ? '' : ` (${whyNot})`}`, () => {
  let site: Site
  let box: Box
  let instance: Instance
  let fleet: Fleet
  let agents: SiteAgent[] = []

  beforeAll(async () => {
    site = await openSite(2)
    box = await here()
    instance = await Instance.start({ box, name: 'control', args: ['--no-agent'] })
    const script = await SiteAgent.bundle(site.dir)
    agents = site.hosts.map(host => new SiteAgent(host, instance, script))
    for (const agent of agents) {
      await agent.enrol()
      agent.start()
    }
    fleet = new Fleet(instance)
    await until('both hosts to be up', async () => {
      const { body } = await instance.ask('GET', '/hosts')
      const up = (body as { items: { state: string }[] }).items.filter(({ state }) => state === 'up')
      return up.length === 2 ? true : null
    })
  }, 180_000)
  afterAll(async () => {
    await instance?.dispose()
    await site?.close()
    await box?.close()
  }, 60_000)

  const agentOn = (id: string): SiteAgent => {
    const found = agents.find(agent => agent.id === id)
    if (!found) throw new Error(`no host ${id}`)
    return found
  }
  const other = (agent: SiteAgent): SiteAgent => agents.find(one => one !== agent) ?? agent
  const machine = async (id: string) => Machine.parse((await instance.insist('GET', `/machines/${id}`)).body)
  const theOne = async (): Promise<string> => {
    const [found] = await fleet.named('one')
    if (!found) throw new Error('the machine is gone')
    return found.id
  }
  const hostOf = async (id: string) => agentOn((await machine(id)).host ?? '')
  /** QEMU's processes of a machine, by host. */
  const runningOn = (id: string) =>
    agents.flatMap(agent =>
      agent.host
        .processes()
        .filter(({ words }) => words.some(word => word.startsWith('guest=') && word.includes(id)))
        .map(() => agent.host.name),
    )
  const inside = (agent: SiteAgent, ...words: string[]) => {
    const [enter, ...rest] = agent.host.inside(...words)
    return execFileSync(enter, rest).toString()
  }
  const moves = async (id: string) =>
    OperationPage.parse((await instance.insist('GET', `/operations?subject=${id}`)).body).items.filter(
      ({ kind }) => kind === 'migration.run',
    )
  const move = async (id: string, to: SiteAgent) => {
    const { status, body } = await instance.insist('POST', `/machines/${id}/migrate`, { host: to.id })
    expect({ status, body }).toMatchObject({ status: 202 })
  }
  /** The last move has ended, how it may; nothing but the machine's one home runs it, and both hosts are as they should be. */
  const ended = async (id: string, ms = 60_000) => {
    await until(
      'the move to end',
      async () => {
        const [last] = await moves(id)
        if (!last || !['done', 'failed'].includes(last.state)) throw new Error(`${last?.state}: ${last?.waiting}`)
        return true
      },
      ms,
    )
    await until(`${id} to run on one host`, async () => {
      const { state } = await machine(id)
      const home = (await hostOf(id)).host.name
      const where = runningOn(id)
      if (state !== 'running' || where.length !== 1 || where[0] !== home) throw new Error(`${state} at ${home}, QEMU on ${where}`)
      return true
    })
    for (const agent of agents) expect(await agent.audit()).toEqual([])
    const [last] = await moves(id)
    return last?.state
  }

  test('a launch on each; nothing is amiss', async () => {
    await fleet.insist('create', 'one', null)
    await fleet.insist('create', 'two', null)
    await fleet.settled('create', 'one', null)
    await fleet.settled('create', 'two', null)
    for (const agent of agents) expect(await agent.audit()).toEqual([])
  }, 120_000)

  test('a running machine moves to the other host and back, and goes on running', async () => {
    const id = await theOne()
    const home = await hostOf(id)
    const log = async () => ((await instance.insist('GET', `/machines/${id}/console-log`)).body as { text: string }).text
    await until('a login prompt', async () => ((await log()).includes('login:') ? true : null))
    await move(id, other(home))
    expect(await ended(id)).toBe('done')
    expect((await hostOf(id)).host.name).toBe(other(home).host.name)
    await move(id, home)
    expect(await ended(id)).toBe('done')
    expect((await hostOf(id)).host.name).toBe(home.host.name)
    expect(inside(home, 'virsh', '-c', 'qemu:///system', 'list', '--name', '--persistent')).toContain(id)
  }, 180_000)

  const parts = [
    'agent of the source',
    'agent of the target',
    'libvirtd of the source',
    'libvirtd of the target',
    'workerd',
  ] as const
  const kill = async (part: (typeof parts)[number], source: SiteAgent) => {
    const agent = part.endsWith('source') ? source : other(source)
    if (part === 'workerd') return instance.kill('workerd')
    if (part.startsWith('agent')) {
      await agent.kill()
      agent.start()
    } else {
      agent.host.killLibvirtd()
      await agent.host.startLibvirtd()
    }
  }
  const trials = parts.flatMap((part, i) => [200, 700, 1_200].map((ms, j) => ({ part, ms: ms + (((i * 3 + j) * 37) % 200) })))

  test.each(trials)(
    'the $part dies $ms ms after a move was asked for: the machine runs on one host',
    async ({ part, ms }) => {
      const id = await theOne()
      const source = await hostOf(id)
      await move(id, other(source))
      await pause(ms)
      await kill(part, source)
      const how = await ended(id, 120_000)
      const home = await hostOf(id)
      expect(home.host.name).toBe(how === 'done' ? other(source).host.name : source.host.name)
    },
    200_000,
  )

  test('a maintenance empties a host, and says beforehand how; nothing comes to it before it returns', async () => {
    const id = await theOne()
    const home = await hostOf(id)
    const all = MachinePage.parse((await instance.insist('GET', '/machines')).body).items
    const mine = all.filter(one => one.host === home.id && one.state === 'running')
    const { body } = await instance.insist('GET', `/hosts/${home.id}/maintenance`)
    const plan = MaintenancePlan.parse(body).machines
    expect(plan.map(({ machine, fate, target }) => [machine, fate, target]).sort()).toEqual(
      mine.map(one => [one.id, 'moves', other(home).id]).sort(),
    )
    expect((await instance.insist('POST', `/hosts/${home.id}/maintain`, {})).status).toBe(202)
    const state = async () => {
      const hosts = HostPage.parse((await instance.insist('GET', '/hosts')).body).items
      return hosts.find(host => host.id === home.id)?.maintenance
    }
    await until('the host to be empty', async () => ((await state()) === 'in' ? true : null), 120_000)
    for (const one of mine) expect(await ended(one.id)).toBe('done')
    expect(
      agents
        .find(agent => agent === home)
        ?.host.processes()
        .filter(({ words }) => words.some(word => word.startsWith('guest='))),
    ).toEqual([])
    const refused = await instance.ask('POST', `/machines/${id}/migrate`, { host: home.id })
    expect(refused.status).toBe(503)
    expect((await instance.insist('POST', `/hosts/${home.id}/return`, {})).status).toBe(202)
    expect(await state()).toBe('none')
    await move(id, home)
    expect(await ended(id)).toBe('done')
  }, 200_000)

  test('a machine that is stopped, or deleted, while it moves is stopped, or gone; nothing is left on either host', async () => {
    const id = await theOne()
    const source = await hostOf(id)
    await move(id, other(source))
    await pause(500)
    await fleet.insist('cut', 'cut-while-moving', id)
    await fleet.settled('cut', 'cut-while-moving', id)
    await until('the move to end', async () => ((await moves(id))[0]?.endedAt ? true : null))
    for (const agent of agents) expect(await agent.audit()).toEqual([])
    await fleet.insist('start', 'start-again', id)
    await fleet.settled('start', 'start-again', id)
    await move(id, other(await hostOf(id)))
    await pause(500)
    await fleet.insist('delete', 'delete-while-moving', id)
    await fleet.settled('delete', 'delete-while-moving', id)
    for (const agent of agents) expect(await agent.audit()).toEqual([])
    expect(runningOn(id)).toEqual([])
  }, 200_000)
})
