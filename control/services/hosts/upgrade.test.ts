import { limits } from '@sirocco/shared/model/limits.ts'
import { oldestProtocol, protocol } from '@sirocco/shared/wire/version.ts'
import { expect, test } from 'vitest'
import { must, secondAgent } from '../../../test/contract/store/furnish.ts'
import { world } from '../../../test/support/world.ts'
import type { Principal } from '../../domain/access/principal.ts'
import { ageOf } from '../../domain/hosts/upgrade.ts'
import { AgentSession } from '../agents/session.ts'
import { hearUpgrade } from '../agents/upgrade.ts'
import { upgradeHost, upgradeHosts } from './upgrade.ts'

const [old, offered] = ['a'.repeat(64), 'b'.repeat(64)] as [string, string]
const offer = { bundle: offered, oldestProtocol }

/** Two agents with a host each, of which the first runs another bundle than the one that is handed out. */
async function behind() {
  const at = await world({ hosts: 1 })
  Object.assign(at.ports, { agentBundle: offered })
  const principal: Principal = { ...at.principal, role: 'admin' }
  const call = { ports: at.ports, principal }
  const { store } = at.ports
  const { agent } = at.rows
  const [host] = at.rows.hosts
  if (!host) throw new Error('no host')
  must(await store.commit([{ do: 'agent.said', agent, version: '1', bundle: old, protocol }]))
  const look = async (id: string = host) => {
    const [found] = must(await store.hosts.find([id]))
    if (!found) throw new Error('no host')
    return found
  }
  const theAgent = async (id: string = agent) => must(await store.agents.find(id))
  const operations = () =>
    at.database.look("SELECT subject, state, fault FROM operation WHERE kind = 'host.upgrade' ORDER BY id") as {
      subject: string
      state: string
      fault: string | null
    }[]
  const says = async (bundle: string, failed: { bundle: string; why: string } | null = null, id: string = agent) =>
    must(await hearUpgrade(at.ports, await theAgent(id), { agentVersion: '2', bundle, failed }))
  const second = async () => {
    const rows = secondAgent(at.rows)
    must(await store.commit(rows))
    const its = rows.find(change => change.do === 'agent.insert')
    if (its?.do !== 'agent.insert') throw new Error('no agent')
    const linked = {
      do: 'agent.link',
      agent: its.agent,
      epoch: (await theAgent(its.agent)).epoch + 1,
      bootId: 'b',
      version: '1',
    } as const
    must(await store.commit([linked, { do: 'agent.said', agent: its.agent, version: '1', bundle: old, protocol }]))
    return its.agent
  }
  const hello = async (words: object) => {
    const told: { type: string; fault?: { code: string; message: string } }[] = []
    const parts = { ports: at.ports, send: (text: string) => told.push(JSON.parse(text)), close() {}, keep() {} }
    const session = new AgentSession(parts, { agent, epoch: 0, hosts: [] })
    await session.message(JSON.stringify({ type: 'hello', agentVersion: '1', bootId: 'b', runId: 'r', hosts: [], ...words }))
    return told
  }
  return { at, call, host, look, theAgent, operations, says, second, hello }
}

test('an agent is told what it should be until it says that it is', async () => {
  const { at, call, host, look, operations, says } = await behind()
  expect(ageOf(await look(), offer)).toBe('available')
  expect(await says(old)).toEqual({ wanted: null })
  must(await upgradeHost.call(call, { host }))
  await at.settle()
  expect(await says(old)).toEqual({ wanted: offered })
  expect(await says(old)).toEqual({ wanted: offered })
  expect(operations()).toMatchObject([{ state: 'parked' }])
  expect(await says(offered)).toEqual({ wanted: null })
  await at.settle()
  expect(operations()).toMatchObject([{ state: 'done' }])
  expect(ageOf(await look(), offer)).toBe('current')
  expect(must(await upgradeHost.call(call, { host })).operations).toEqual([])
})

test('one that could not become it says why, and is told it no longer', async () => {
  const { at, call, host, operations, says } = await behind()
  must(await upgradeHost.call(call, { host }))
  await at.settle()
  expect(await says(old, { bundle: offered, why: 'it ended 3 times' })).toEqual({ wanted: null })
  await at.settle()
  expect(operations()).toMatchObject([{ state: 'failed', fault: expect.stringContaining('it ended 3 times') }])
  must(await upgradeHost.call(call, { host }))
  expect(await says(old)).toEqual({ wanted: offered })
})

test('one that says nothing is waited for within a bound', async () => {
  const { at, call, host, operations, says } = await behind()
  must(await upgradeHost.call(call, { host }))
  at.rows.clock.at += limits.upgrade + limits.parkSweep
  at.ports.pokes.operations(Array.from({ length: limits.operationObjects }, (_, i) => i))
  await at.settle()
  expect(operations()).toMatchObject([{ state: 'failed' }])
  expect(await says(old)).toEqual({ wanted: null })
})

test('of all, one follows the other; the first that fails is the last', async () => {
  const { at, call, says, second, operations } = await behind()
  const other = await second()
  expect(must(await upgradeHosts.call(call, {})).operations).toHaveLength(1)
  await at.settle()
  expect(operations()).toHaveLength(1)
  const firstIsOther = (await says(old)).wanted === null
  const [one, two] = firstIsOther ? [other, undefined] : [undefined, other]
  await says(offered, null, one)
  await at.settle()
  expect(operations()).toMatchObject([{ state: 'done' }, { state: 'parked' }])
  await says(old, { bundle: offered, why: 'no room' }, two)
  await at.settle()
  expect(operations()).toMatchObject([{ state: 'done' }, { state: 'failed' }])
})

test('a silent one is not asked; one that is too old for a link is told so, and can still be upgraded', async () => {
  const { at, call, host, look, says, hello } = await behind()
  must(await at.ports.store.commit([{ do: 'agent.silent', agent: at.rows.agent, epoch: 1, since: 1 }]))
  expect(await upgradeHost.call(call, { host })).toMatchObject({ fault: { code: 'precondition' } })
  // Its hello has what ours has not.
  const told = await hello({ protocol: oldestProtocol - 1, disks: 'of another time' })
  expect(told).toMatchObject([{ type: 'bye', fault: { code: 'unsupported', message: expect.stringContaining('upgrade') } }])
  expect(ageOf(await look(), offer)).toBe('outdated')
  must(await upgradeHost.call(call, { host }))
  expect(await says(old)).toEqual({ wanted: offered })
})

test('what is wanted of an agent wakes its operation when it links again', async () => {
  const { at, call, host, hello } = await behind()
  must(await upgradeHost.call(call, { host }))
  await at.settle()
  const wakes = () => at.database.look("SELECT wakeAt FROM operation WHERE kind = 'host.upgrade'") as { wakeAt: number }[]
  const before = wakes()[0]?.wakeAt ?? 0
  expect(before).toBeGreaterThan(at.rows.clock.at)
  await hello({ protocol, bundle: old })
  expect(wakes()[0]?.wakeAt).toBeLessThan(before)
})

test('while a host is emptied its agent stays', async () => {
  const { at, call, host } = await behind()
  const maintenance = {
    do: 'host.maintenance',
    host,
    generation: 0,
    maintenance: 'moving',
    accepting: false,
    intent: true,
  } as const
  must(await at.ports.store.commit([maintenance]))
  expect(await upgradeHost.call(call, { host })).toMatchObject({ fault: { message: expect.stringContaining('being emptied') } })
})
