import { seeded } from '@sirocco/shared/kit/random.ts'
import { describe, expect, test } from 'vitest'
import type { Host } from '../hosts/host.ts'
import { place } from './place.ts'

const host = (n: number, more: Partial<Host> = {}, memoryMiB = 4096): Host => ({
  id: `hst_${n}`,
  agent: 'agt_1',
  name: `h${n}`,
  zone: 'a',
  region: 'r',
  accepting: true,
  maintenance: 'none',
  generation: 0,
  revision: 1,
  agentVersion: '1',
  silentSince: null,
  cpuRatio: 8,
  memoryRatio: 1,
  facts: {
    hypervisor: 'QEMU',
    hypervisorVersion: '7',
    acceleration: 'hardware',
    architecture: 'x86_64',
    cpus: 2,
    memoryMiB,
    underlay: null,
    diskMiB: 10_000,
    warnings: [],
    at: 0,
  },
  used: { vcpus: 0, memoryMiB: 0, diskMiB: 0 },
  machines: 0,
  orphans: [],
  ...more,
})
const demand = { zone: 'a', architecture: 'x86_64', vcpus: 1, memoryMiB: 1024, diskMiB: 1000 }
const ask = (hosts: readonly Host[], min: number, max = min, refused = new Set<Host['id']>()) =>
  place(hosts, demand, { min, max, refused, random: seeded(1) })

describe('placement', () => {
  test('fills hosts exactly to their capacity, never beyond', () => {
    const placed = ask([host(1), host(2)], 8)
    if (!placed.ok) throw new Error(placed.fault.message)
    expect(placed.value.hosts.filter(h => h === 'hst_1')).toHaveLength(4)
    expect(ask([host(1), host(2)], 9)).toMatchObject({ fault: { code: 'capacity' } })
  })
  test('gives as many as fit between the least and the most asked for', () => {
    expect(ask([host(1)], 1, 10)).toMatchObject({ value: { hosts: ['hst_1', 'hst_1', 'hst_1', 'hst_1'] } })
  })
  test('leaves out, with the reason, hosts that are silent, closed, full, unknown, other or just refused', () => {
    const hosts = [
      host(1, { silentSince: 1 }),
      host(2, { accepting: false }),
      host(3, { used: { vcpus: 0, memoryMiB: 4000, diskMiB: 0 } }),
      host(4, { facts: null }),
      host(5, { used: { vcpus: 16, memoryMiB: 0, diskMiB: 0 } }),
      host(6),
      host(7),
    ]
    const placed = ask(hosts, 1, 1, new Set(['hst_6'] as const))
    if (!placed.ok) throw new Error(placed.fault.message)
    expect(placed.value.hosts).toEqual(['hst_7'])
    expect(Object.fromEntries(placed.value.rejected)).toEqual({
      hst_1: 'silent',
      hst_2: 'not_accepting',
      hst_3: 'memory_full',
      hst_4: 'no_facts',
      hst_5: 'cpu_full',
      hst_6: 'just_refused',
    })
  })
  test('spreads a burst over the best hosts', () => {
    const chosen = Array.from({ length: 20 }, (_, seed) =>
      place([host(1), host(2), host(3)], demand, { min: 1, max: 1, refused: new Set(), random: seeded(seed) }),
    )
    expect(new Set(chosen.map(placed => placed.ok && placed.value.hosts[0])).size).toBe(3)
  })
  test('says what to do where there is no host at all', () => {
    expect(ask([], 1)).toMatchObject({ fault: { message: expect.stringContaining('enrol one') } })
  })
})
