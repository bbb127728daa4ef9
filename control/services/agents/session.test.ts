import { ObjectSet } from '@sirocco/shared/wire/delta.ts'
import { FromControl, type Observed } from '@sirocco/shared/wire/frames.ts'
import type { Seen } from '@sirocco/shared/wire/objects.ts'
import { describe, expect, test } from 'vitest'
import { must } from '../../../test/contract/store/furnish.ts'
import { world } from '../../../test/support/world.ts'
import { launchMachines } from '../machines/launch.ts'
import { AgentSession } from './session.ts'

async function linked(hosts: number) {
  const at = await world({ hosts })
  const { store } = at.ports
  const counts = { commits: 0, reads: 0 }
  const said: FromControl[] = []
  const ended: string[] = []
  const session = new AgentSession(
    {
      ports: {
        ...at.ports,
        store: {
          ...store,
          commit(changes) {
            counts.commits++
            return store.commit(changes)
          },
          hosts: {
            ...store.hosts,
            desired(host) {
              counts.reads++
              return store.hosts.desired(host)
            },
          },
        },
      },
      send: text => said.push(FromControl.parse(JSON.parse(text))),
      close: reason => ended.push(reason),
      keep: () => {},
    },
    { agent: at.rows.agent, epoch: 1, hosts: at.rows.hosts.map(id => ({ id, revision: -1, seen: null })) },
  )
  const call = { ports: at.ports, principal: at.principal }
  const launch = async (count: number) =>
    must(await launchMachines.call(call, { image: at.rows.image, flavor: 't3.micro', minCount: count, maxCount: count }))
  let seq = 100
  const frame = (host: string, seen: readonly Seen[], more: Partial<Observed> = {}) =>
    JSON.stringify({
      type: 'observed',
      host,
      epoch: 1,
      seq: seq++,
      base: null,
      digest: ObjectSet.of(seen).digest,
      changed: seen,
      gone: [],
      ...more,
    })
  return { at, session, counts, said, ended, launch, frame }
}

describe('the control plane’s end of a link', () => {
  test('reads what is wanted on a host once, however often it is told of the same revision meanwhile', async () => {
    const { at, session, counts, said, launch } = await linked(3)
    await launch(6)
    const { revisions } = at.ports.store.hosts
    const now = must(await revisions(at.rows.hosts))
    await Promise.all(Array.from({ length: 5 }, () => session.pull(now)))
    expect(counts.reads).toBe(3)
    expect(said.filter(each => each.type === 'desired')).toHaveLength(3)
    // One more in the group that the others are in: each host is told of the new member, once.
    await launch(1)
    await session.pull(must(await revisions(at.rows.hosts)))
    expect(counts.reads).toBe(6)
  })

  test('writes what waits of several hosts in one batch, and of each host in the order in which it was said', async () => {
    const { at, session, counts, ended, launch, frame } = await linked(3)
    const { machines } = await launch(6)
    const placed = must(await at.ports.store.machines.find('platform', machines))
    const seenOn = (host: string, power: 'running' | 'paused') =>
      placed
        .filter(machine => machine.host === host)
        .map(({ id }) => ({ kind: 'machine' as const, id, applied: 1, power, addresses: [] }))
    const hosts = at.rows.hosts.filter(host => seenOn(host, 'running').length > 0)
    expect(hosts.length).toBeGreaterThan(1)
    await Promise.all([
      ...hosts.map(host => session.message(frame(host, seenOn(host, 'running')))),
      ...hosts.map(host => session.message(frame(host, seenOn(host, 'paused')))),
    ])
    expect(ended).toEqual([])
    expect(counts.commits).toBe(2)
    const after = must(await at.ports.store.machines.find('platform', machines))
    expect(after.map(machine => machine.observed?.power)).toEqual(after.map(() => 'paused'))
    expect(after.every(machine => machine.ranAt !== null)).toBe(true)
  })

  test('asks only the host whose base it does not hold for everything, and keeps the others', async () => {
    const { at, session, said, launch, frame } = await linked(2)
    const { machines } = await launch(4)
    const placed = must(await at.ports.store.machines.find('platform', machines))
    const seenOn = (host: string) =>
      placed
        .filter(machine => machine.host === host)
        .map(({ id }) => ({ kind: 'machine' as const, id, applied: 1, power: 'running' as const, addresses: [] }))
    const [first = '', second = ''] = at.rows.hosts
    await Promise.all([
      session.message(frame(first, seenOn(first), { base: 'other' })),
      session.message(frame(second, seenOn(second))),
    ])
    expect(said).toEqual([{ type: 'resync', host: first }])
    const after = must(await at.ports.store.machines.find('platform', machines))
    for (const machine of after) expect(machine.observed?.power).toBe(machine.host === second ? 'running' : undefined)
  })
})
