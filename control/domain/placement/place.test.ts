import { seeded } from '@sirocco/shared/kit/random.ts'
import type { Rejection } from '@sirocco/shared/model/placement/rejections.ts'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Candidate, type Demand, rejectionOf } from './demand.ts'
import type { Grouping } from './group.ts'
import { type Asked, type Placement, place } from './place.ts'

type HostId = Candidate['id']
const host = (n: number, more: Partial<Candidate> = {}, memoryMiB = 4096): Candidate => ({
  id: `hst_${n}`,
  name: `h${n}`,
  accepting: true,
  silentSince: null,
  facts: { architecture: 'x86_64', hypervisor: 'QEMU' },
  tags: {},
  free: { vcpus: 16, memoryMiB, diskMiB: 40_000 },
  members: 0,
  ...more,
})
const demand: Demand = {
  zone: 'a',
  architecture: 'x86_64',
  vcpus: 1,
  memoryMiB: 1024,
  diskMiB: 1000,
  hostTags: {},
  group: null,
}
const group = (policy: Grouping['policy'], strict = true): Demand => ({ ...demand, group: { id: 'pgr_1', policy, strict } })
const ask = (hosts: readonly Candidate[], min: number, wanted: Partial<Asked> = {}, what: Demand = demand) =>
  place(hosts, what, { min, max: min, refused: new Set(), random: seeded(1), ...wanted })
function placed(...asked: Parameters<typeof ask>): Placement {
  const result = ask(...asked)
  if (!result.ok) throw new Error(result.fault.message)
  return result.value
}
const counts = ({ hosts }: Placement) => new Map([...Map.groupBy(hosts, h => h)].map(([id, on]) => [id, on.length]))

describe('placement', () => {
  test('fills hosts exactly to their capacity, never beyond', () => {
    expect(counts(placed([host(1), host(2)], 8))).toEqual(
      new Map([
        ['hst_1', 4],
        ['hst_2', 4],
      ]),
    )
    expect(ask([host(1), host(2)], 9)).toMatchObject({ fault: { code: 'capacity' } })
  })
  test('gives as many as fit between the least and the most asked for', () => {
    expect(placed([host(1)], 1, { max: 10 }).hosts).toEqual(['hst_1', 'hst_1', 'hst_1', 'hst_1'])
  })
  test('leaves hosts out with the reason, for each reason that there is', () => {
    const wanted: Demand = {
      ...group('anti-affinity'),
      hypervisor: 'QEMU',
      hostTags: { ssd: 'yes' },
      only: new Set(Array.from({ length: 20 }, (_, n): HostId => `hst_${n}`).filter(id => id !== 'hst_8')),
    }
    const tags = { ssd: 'yes', rack: '1' }
    const reasons: readonly [Candidate, Rejection | null][] = [
      [host(1, { tags, facts: null }), 'no_facts'],
      [host(2, { tags, accepting: false }), 'not_accepting'],
      [host(3, { tags, silentSince: 1 }), 'silent'],
      [host(4, { tags }), 'just_refused'],
      [host(5, { tags, facts: { architecture: 'aarch64', hypervisor: 'QEMU' } }), 'other_architecture'],
      [host(6, { tags, facts: { architecture: 'x86_64', hypervisor: 'Xen' } }), 'other_hypervisor'],
      [host(7, { tags: { ssd: 'no' } }), 'tags_missing'],
      [host(8, { tags }), 'disk_elsewhere'],
      [host(9, { tags, members: 1 }), 'group_here'],
      [host(10, { tags, free: { vcpus: 0, memoryMiB: 9_000, diskMiB: 9_000 } }), 'cpu_full'],
      [host(11, { tags, free: { vcpus: 9, memoryMiB: 1_023, diskMiB: 9_000 } }), 'memory_full'],
      [host(12, { tags, free: { vcpus: 9, memoryMiB: 9_000, diskMiB: 999 } }), 'disk_full'],
      [host(13, { tags }), null],
    ]
    const { hosts, rejected } = placed(
      reasons.map(([candidate]) => candidate),
      1,
      { refused: new Set<HostId>(['hst_4']) },
      wanted,
    )
    expect(hosts).toEqual(['hst_13'])
    expect(Object.fromEntries(rejected)).toEqual(
      Object.fromEntries(reasons.filter(([, why]) => why !== null).map(([{ id }, why]) => [id, why])),
    )
    expect(Object.fromEntries(placed([host(1), host(2, { members: 1 })], 1, {}, group('affinity')).rejected)).toEqual({
      hst_1: 'group_elsewhere',
    })
  })
  test('tags of a host are looked at by their own names only', () => {
    const odd = { ...demand, hostTags: { toString: 'x' } }
    expect(ask([host(1)], 1, {}, odd)).toMatchObject({ fault: { message: expect.stringContaining('tags') } })
  })

  test('a strict group keeps its machines apart, or together on one host that holds all of them', () => {
    const three = [host(1), host(2), host(3)]
    expect(new Set(placed(three, 3, {}, group('anti-affinity')).hosts).size).toBe(3)
    expect(ask(three, 4, {}, group('anti-affinity'))).toMatchObject({
      fault: { code: 'capacity', message: expect.stringContaining('apart') },
    })
    const mixed = [host(1, {}, 2048), host(2, {}, 3072), host(3, {}, 2048)]
    expect(placed(mixed, 3, {}, group('affinity')).hosts).toEqual(['hst_2', 'hst_2', 'hst_2'])
    expect(ask(mixed, 4, {}, group('affinity'))).toMatchObject({ fault: { message: expect.stringContaining('together') } })
    expect(counts(placed(mixed, 2, { max: 9 }, group('affinity'))).size).toBe(1)
  })
  test('a group that only prefers gives way where there is no room', () => {
    const two = [host(1, {}, 2048), host(2)]
    expect(counts(placed(two, 6, {}, group('affinity', false)))).toEqual(
      new Map([
        ['hst_1', 2],
        ['hst_2', 4],
      ]),
    )
    expect(placed([...two, host(3, { members: 1 }, 1024)], 1, {}, group('affinity', false)).hosts).toEqual(['hst_3'])
    const many = [host(1, { members: 2 }), host(2), host(3), host(4)]
    expect(new Set(placed(many, 3, {}, group('anti-affinity', false)).hosts)).toEqual(new Set(['hst_2', 'hst_3', 'hst_4']))
    expect(counts(placed(many, 9, {}, group('anti-affinity', false))).get('hst_1')).toBe(1)
  })

  test('spreads a burst over equal hosts, and prefers the roomier of unequal ones', () => {
    const chosen = (hosts: readonly Candidate[]) =>
      Array.from({ length: 200 }, (_, seed) => placed(hosts, 1, { random: seeded(seed) }).hosts[0])
    const equal = Array.from({ length: 200 }, (_, n) => host(n))
    expect(new Set(chosen(equal)).size).toBeGreaterThan(100)
    const roomy = chosen([host(1), host(2), host(3, {}, 8_192)]).filter(id => id === 'hst_3')
    expect(roomy.length).toBeGreaterThan(120)
  })
  test('says what to do where there is no host at all, and how many were left out for what', () => {
    expect(ask([], 1)).toMatchObject({ fault: { message: expect.stringContaining('enrol one') } })
    expect(ask([host(1, { accepting: false }), host(2, {}, 5), host(3, {}, 5)], 1)).toMatchObject({
      fault: { detail: '1 not_accepting, 2 memory_full' },
    })
  })

  test('whatever the hosts and the demand: every host that is chosen fits all that is put there, and a refusal is right', () => {
    const size = (most: number) => fc.record({ vcpus: fc.nat(most), memoryMiB: fc.nat(most), diskMiB: fc.nat(most) })
    const arbitraryHost = fc.record({
      accepting: fc.boolean(),
      silentSince: fc.constantFrom(null, null, 5),
      facts: fc.constantFrom(null, { architecture: 'x86_64', hypervisor: 'QEMU' }, { architecture: 'arm', hypervisor: 'QEMU' }),
      tags: fc.constantFrom({}, { ssd: 'yes' }, { ssd: 'no' }),
      free: size(12),
      members: fc.constantFrom(0, 0, 1, 2),
    })
    const arbitraryDemand = fc.record({
      ...{ zone: fc.constant('a'), architecture: fc.constant('x86_64') },
      ...{ vcpus: fc.integer({ min: 1, max: 4 }), memoryMiB: fc.nat(4), diskMiB: fc.nat(4) },
      hostTags: fc.constantFrom({}, { ssd: 'yes' }),
      group: fc.option(
        fc.record({
          id: fc.constant('pgr_1' as const),
          policy: fc.constantFrom('affinity' as const, 'anti-affinity' as const),
          strict: fc.boolean(),
        }),
      ),
    })
    fc.assert(
      fc.property(
        fc.array(arbitraryHost, { maxLength: 8 }),
        arbitraryDemand,
        fc.integer({ min: 1, max: 6 }),
        fc.nat(6),
        fc.nat(),
        (some, what, min, more, seed) => {
          const hosts = some.map((each, n): Candidate => ({ ...each, id: `hst_${n}`, name: `h${n}` }))
          const asked = { min, max: min + more, refused: new Set<HostId>(), random: seeded(seed) }
          const result = place(hosts, what, asked)
          const roomFor = (each: Candidate) => {
            let n = 0
            const { group: its } = what
            const begun = hosts.some(h => h.members > 0)
            while (
              n < 20 &&
              rejectionOf(each, { ...what, group: null }, { refused: asked.refused, begun, together: n + 1 }) === null
            )
              n++
            if (its?.strict && its.policy === 'anti-affinity') return each.members > 0 ? 0 : Math.min(n, 1)
            return its?.strict && begun && each.members === 0 ? 0 : n
          }
          const together = what.group?.strict && what.group.policy === 'affinity' && !hosts.some(h => h.members > 0)
          const room = hosts.map(roomFor)
          const most = together ? Math.max(0, ...room) : room.reduce((sum, n) => sum + n, 0)
          expect(result.ok).toBe(most >= min)
          if (!result.ok) return
          // Together on one host: on any that holds the least that is asked for.
          if (!together) expect(result.value.hosts).toHaveLength(Math.min(most, asked.max))
          const on = counts(result.value)
          if (together) expect(on.size).toBe(1)
          for (const [id, n] of on) expect(n).toBeLessThanOrEqual(room[hosts.findIndex(h => h.id === id)] ?? 0)
        },
      ),
      { numRuns: 2_000 },
    )
  })

  test('500 machines on 2,500 hosts are a matter of milliseconds', () => {
    const hosts = Array.from({ length: 2_500 }, (_, n) => host(n))
    const took = Array.from({ length: 9 }, (_, seed) => {
      const start = performance.now()
      placed(hosts, 500, { random: seeded(seed) })
      return performance.now() - start
    }).toSorted((a, b) => a - b)
    expect(took[4]).toBeLessThan(100)
  })
})
