import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { migrate } from '@sirocco/control/adapters/store/migrate.ts'
import type { Demand } from '@sirocco/control/domain/placement/demand.ts'
import type { Grouping } from '@sirocco/control/domain/placement/group.ts'
import type { Change } from '@sirocco/control/ports/changes.ts'
import { assert } from '@sirocco/shared/kit/assert.ts'
import type { Result } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { type MemoryDatabase, memoryDatabase } from '../../simulation/world/client.ts'
import { capacity, type Furnished, furnish, hostFacts, must } from './furnish.ts'

const refused = (result: Result<unknown>): string => (result.ok ? 'ok' : result.fault.code)
const page = { after: null, limit: 100 }
const demand: Demand = {
  zone: 'test-1a',
  architecture: 'x86_64',
  vcpus: 1,
  memoryMiB: 512,
  diskMiB: 1,
  hostTags: {},
  group: null,
}

let client: MemoryDatabase
let at: Furnished
const hostAt = (n: number): Id<'host'> => {
  const host = at.hosts[n]
  assert(host, 'a host')
  return host
}
const claim = (
  host: Id<'host'>,
  more: Partial<Extract<Change, { do: 'allocation.claim' }>> = {},
): Extract<Change, { do: 'allocation.claim' }> => ({
  do: 'allocation.claim',
  id: at.ids.make('allocation'),
  consumer: at.ids.make('machine'),
  host,
  vcpus: 1,
  memoryMiB: 512,
  diskMiB: 1,
  ...more,
})
const commit = (...changes: Change[]) => at.store.commit(changes)
beforeEach(async () => {
  client = memoryDatabase()
  at = await furnish(client, { hosts: 4 })
})

describe('the guard of a claim in a placement group', () => {
  async function groupOf(policy: Grouping['policy'], strict: boolean): Promise<Grouping> {
    const group = { id: at.ids.make('placementGroup'), policy, strict }
    const row = { ...group, alias: `pg-${group.id}`, project: at.project, name: policy }
    must(await commit({ do: 'placement-group.insert', group: row, limit: 10 }))
    return group
  }
  const twice = async (group: Grouping, second: number) => {
    expect(refused(await commit(claim(hostAt(0), { group })))).toBe('ok')
    return refused(await commit(claim(hostAt(second), { group })))
  }
  test.each([
    ['anti-affinity', true, 0, 'capacity'],
    ['anti-affinity', true, 1, 'ok'],
    ['anti-affinity', false, 0, 'ok'],
    ['affinity', true, 0, 'ok'],
    ['affinity', true, 1, 'capacity'],
    ['affinity', false, 1, 'ok'],
  ] as const)('%s, strict: %s: a second machine on host %i: %s', async (policy, strict, second, outcome) => {
    expect(await twice(await groupOf(policy, strict), second)).toBe(outcome)
  })
  test('looks at what is there now, and within the batch as well', async () => {
    const group = await groupOf('anti-affinity', true)
    const first = claim(hostAt(0), { group })
    must(await commit(first))
    must(await commit({ do: 'allocation.release', consumer: first.consumer }))
    expect(refused(await commit(claim(hostAt(0), { group })))).toBe('ok')
    expect(refused(await commit(claim(hostAt(1), { group }), claim(hostAt(1), { group })))).toBe('capacity')
  })
  test('refuses where the group is gone; a group of which the project has too many is not made', async () => {
    const group = await groupOf('affinity', false)
    must(await commit({ do: 'placement-group.delete', id: group.id }))
    expect(refused(await commit(claim(hostAt(0), { group })))).toBe('capacity')
    expect(refused(await commit({ do: 'placement-group.delete', id: group.id }))).toBe('conflict')
    await groupOf('affinity', true)
    const another = { ...group, alias: 'pg-x', project: at.project, name: 'x' }
    expect(refused(await commit({ do: 'placement-group.insert', group: another, limit: 1 }))).toBe('quota')
  })
})

describe('a claim that names other hosts', () => {
  const all = capacity.memoryMiB
  test('takes the first where it has room, else one that has; what goes with it goes there', async () => {
    must(await commit(claim(hostAt(0), { memoryMiB: all }), claim(hostAt(1), { memoryMiB: all })))
    const others = [hostAt(1), hostAt(2)]
    const one = claim(hostAt(0), { others })
    const root = { id: 'alc_root', volume: 'vol_root', diskMiB: 1 } as const
    must(await commit({ ...one, root }))
    const on = client.look('SELECT host FROM allocation WHERE consumer IN (?, ?)', one.consumer, root.volume)
    expect(on).toEqual([{ host: hostAt(2) }, { host: hostAt(2) }])
    const two = claim(hostAt(3), { others })
    must(await commit(two))
    expect(client.look('SELECT host FROM allocation WHERE consumer = ?', two.consumer)).toEqual([{ host: hostAt(3) }])
    expect(refused(await commit(claim(hostAt(0), { others: [hostAt(1)] })))).toBe('capacity')
    const [, , { revision } = { revision: 0 }] = client.look('SELECT revision FROM host ORDER BY id')
    expect(revision).toBe(2)
  })
})

describe('what is counted free on a host', () => {
  const counted = () => client.look('SELECT freeVcpus, freeMemoryMiB, freeDiskMiB FROM host ORDER BY id')
  const [cpus, memoryMiB, diskMiB] = [capacity.cpus * 8, capacity.memoryMiB, capacity.diskMiB * 4]
  test('is so after it was observed, claimed, freed, or said otherwise', async () => {
    expect(counted()[0]).toEqual({ freeVcpus: cpus, freeMemoryMiB: memoryMiB, freeDiskMiB: diskMiB })
    const one = claim(hostAt(0))
    const touch: Change = { do: 'host.touch', host: hostAt(0) }
    must(await commit(one, touch))
    expect(counted()[0]).toEqual({ freeVcpus: cpus - 1, freeMemoryMiB: memoryMiB - 512, freeDiskMiB: diskMiB - 1 })
    must(await commit({ do: 'host.update', host: hostAt(0), set: { memoryRatio: 0.1, cpuRatio: 1.25 } }))
    expect(counted()[0]).toMatchObject({ freeVcpus: 4, freeMemoryMiB: Math.floor(memoryMiB * 0.1) - 512 })
    must(await commit({ do: 'allocation.release', consumer: one.consumer }, touch))
    expect(counted()[0]).toMatchObject({ freeVcpus: 5, freeMemoryMiB: Math.floor(memoryMiB * 0.1) })
    const facts = { ...hostFacts(hostAt(0), 'h1'), memoryMiB: 100 }
    must(await commit({ do: 'host.observed', host: hostAt(0), epoch: 2, seq: 1, digest: 'd', facts }))
    expect(counted()[0]).toMatchObject({ freeMemoryMiB: 10 })
  })
  test('is the same as hosts show, whatever was claimed and freed', async () => {
    const step = fc.record({ host: fc.nat(3), vcpus: fc.nat(12), memoryMiB: fc.nat(2_048), free: fc.boolean() })
    const live: Extract<Change, { do: 'allocation.claim' }>[] = []
    let claimed = 0
    await fc.assert(
      fc.asyncProperty(step, async ({ host: n, free, ...size }) => {
        const old = free ? live.pop() : undefined
        const host = old?.host ?? hostAt(n)
        const next = claim(host, size)
        const change: Change = old ? { do: 'allocation.release', consumer: old.consumer } : next
        const done = await commit(change, { do: 'host.touch', host })
        if (done.ok && !old) claimed = live.push(next)
        const shown = must(await at.store.hosts.ofZone(demand, page)).items
        expect(counted()).toEqual(
          shown.map(({ free: { vcpus, memoryMiB, diskMiB } }) => ({
            freeVcpus: vcpus,
            freeMemoryMiB: memoryMiB,
            freeDiskMiB: diskMiB,
          })),
        )
        // Roomiest first, none that does not fit, none left out that does.
        const roomiest = must(await at.store.hosts.roomiest(demand, 100))
        const fit = shown.filter(host => host.free.memoryMiB >= 512 && host.free.vcpus >= 1)
        expect(new Set(roomiest.map(host => host.id))).toEqual(new Set(fit.map(host => host.id)))
        const rooms = roomiest.map(host => host.free.memoryMiB)
        expect(rooms).toEqual(rooms.toSorted((a, b) => b - a))
      }),
      { numRuns: 200 },
    )
    expect(claimed).toBeGreaterThan(0)
  })
  test('is counted for hosts of data from before it was', async () => {
    const old = memoryDatabase()
    const folder = join(import.meta.dirname, '../../../control/adapters/store/migrations')
    for (const sql of readFileSync(join(folder, '0000_first.sql'), 'utf8').split('--> statement-breakpoint'))
      await old.execute(sql)
    const rows = [
      `INSERT INTO meta VALUES ('version', '1')`,
      `INSERT INTO provider VALUES ('prv_1', 'private', 'p')`,
      `INSERT INTO cloud_account (id, provider, name) VALUES ('cac_1', 'prv_1', 'p')`,
      `INSERT INTO region VALUES ('rgn_1', 'r', 'cac_1')`,
      `INSERT INTO zone VALUES ('zon_1', 'rgn_1', 'ra')`,
      `INSERT INTO agent (id, publicKey, fingerprint, zone, version, linkObject, epoch, createdAt) VALUES ('agt_1', 'k', 'f', 'zon_1', '1', 0, 1, 1)`,
      `INSERT INTO host (id, agent, zone, name, accepting, cpuRatio, memoryRatio, revision) VALUES ('hst_1', 'agt_1', 'zon_1', 'h', 1, 8, 1, 1)`,
      `INSERT INTO host_observed VALUES ('hst_1', 1, 1, 'QEMU', '7', 'hardware', 'x86_64', 'b', 2, 4096, 1000, '[]', 'd', 1)`,
      `INSERT INTO allocation (id, consumer, host, vcpus, memoryMiB, diskMiB, "from") VALUES ('alc_1', 'vm_1', 'hst_1', 1, 1024, 10, 1)`,
    ]
    for (const sql of rows) await old.execute(sql)
    await migrate(old)
    expect(old.look('SELECT freeVcpus, freeMemoryMiB, freeDiskMiB, diskRatio, tags FROM host')).toEqual([
      { freeVcpus: 15, freeMemoryMiB: 3072, freeDiskMiB: 3990, diskRatio: 4, tags: '{}' },
    ])
  })
})
