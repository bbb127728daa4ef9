import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { expect, test } from 'vitest'
import type { Machine } from '../machines/machine.ts'
import type { Luggage } from '../migrations/luggage.ts'
import type { Host } from './host.ts'
import { type Around, fatesOf } from './maintenance.ts'

const host = (n: number, memoryMiB: number): Host => ({
  id: `hst_${n}`,
  agent: 'agt_1',
  name: `h${n}`,
  zone: 'a',
  region: 'r',
  accepting: true,
  maintenance: 'none',
  generation: 0,
  revision: 1,
  tags: {},
  diskRatio: 1,
  epoch: 1,
  bootId: null,
  fenced: null,
  power: null,
  clonedAt: null,
  agentVersion: '1',
  agentBundle: null,
  agentProtocol: null,
  silentSince: null,
  cpuRatio: 8,
  memoryRatio: 1,
  facts: {
    hypervisor: 'QEMU',
    hypervisorVersion: '1',
    acceleration: 'hardware',
    architecture: 'x86_64',
    cpus: 8,
    memoryMiB,
    diskMiB: 1_000_000,
    underlay: `192.0.2.${n}`,
    warnings: [],
    at: 0,
  },
  used: { vcpus: 0, memoryMiB: 0, diskMiB: 0 },
  machines: 0,
  orphans: [],
})

const machine = (id: string, power: 'on' | 'off' = 'on'): Machine => ({
  id: `vm_${id}`,
  alias: `i-${id}`,
  project: 'prj_1',
  account: '000000000000',
  name: id,
  region: 'r',
  zone: 'a',
  host: 'hst_1',
  flavor: 'f',
  vcpus: 1,
  memoryMiB: 1_024,
  diskMiB: 1_024,
  image: 'img_1',
  imageAlias: 'ami-1',
  keyPair: null,
  ports: [],
  volumes: [],
  placementGroup: null,
  placementGroupName: null,
  hostTags: {},
  protected: false,
  firmware: 'bios',
  rescueImage: null,
  rescueVolume: null,
  recover: 'no',
  fenced: false,
  tags: {},
  reservation: 'r-1',
  launchIndex: 0,
  clientToken: null,
  onGuestShutdown: 'stop',
  createdAt: 0,
  ranAt: 1,
  power,
  generation: 1,
  version: 1,
  goneAt: null,
  failure: null,
  observed: {
    appliedGeneration: 1,
    power: power === 'on' ? 'running' : 'stopped',
    cause: null,
    progress: null,
    fault: null,
    digest: '',
    at: 0,
  },
  observerAlive: true,
})

/** The first of these hosts with room. */
const around = (hosts: readonly Host[], failures: ReadonlyMap<Id<'machine'>, number> = new Map()): Around => ({
  luggage: [],
  failures,
  stopped: new Set(),
  claim: ({ vcpus, memoryMiB, diskMiB }) => ({ vcpus, memoryMiB, diskMiB }),
  target: ({ memoryMiB }, taken) => {
    const found = hosts.find(({ id, facts }) => (facts?.memoryMiB ?? 0) - (taken.get(id)?.memoryMiB ?? 0) >= memoryMiB)
    return found ? ok<Id<'host'>>(found.id) : refuse('capacity', 'no other host has room')
  },
})
const source = host(1, 8_192)

test('each machine is placed with what those before it have taken; who finds no room is stopped', () => {
  const fates = fatesOf(source, [machine('a'), machine('b'), machine('c')], around([host(2, 2_048)]))
  expect(fates.map(fate => fate.do)).toEqual(['moves', 'moves', 'stops'])
})

test('what is off goes with its disks where it can, and stays where it cannot, or where this maintenance stopped it', () => {
  const fate = (more: Partial<Around>, hosts = [host(2, 2_048)]) =>
    fatesOf(source, [machine('a', 'off')], { ...around(hosts), ...more })[0]?.do
  expect(fate({})).toBe('moves')
  expect(fate({}, [])).toBe('stays')
  expect(fate({ failures: new Map([['vm_a', limits.maintenanceTries]]) })).toBe('stays')
  expect(fate({ stopped: new Set(['vm_a']) })).toBe('stays')
})

test('what is off and starts from UEFI stays', () => {
  const uefi = { ...machine('a', 'off'), firmware: 'uefi' as const }
  expect(fatesOf(source, [uefi], around([host(2, 2_048)])).map(fate => fate.do)).toEqual(['stays'])
})

test('a machine that could not be moved often enough is one that cannot', () => {
  const fate = (n: number) => fatesOf(source, [machine('a')], around([host(2, 2_048)], new Map([['vm_a', n]])))[0]?.do
  expect(fate(limits.maintenanceTries - 1)).toBe('moves')
  expect(fate(limits.maintenanceTries)).toBe('stops')
})

test('without an underlay nothing moves, and it is said what to do', () => {
  const bare: Host = { ...source, facts: source.facts && { ...source.facts, underlay: null } }
  const [fate] = fatesOf(bare, [machine('a')], around([host(2, 2_048)]))
  expect(fate).toMatchObject({ do: 'stops', why: { message: expect.stringContaining('--underlay') } })
})

test('volumes that must stay on their host keep their machine there', () => {
  const volume: Luggage = {
    machine: 'vm_a',
    volume: 'vol_a',
    alias: 'vol-a',
    name: 'data',
    sizeMiB: 1,
    generation: 1,
    settled: true,
    found: false,
    readOnly: false,
    snapshots: 0,
  }
  const fate = (more: Partial<Luggage>) =>
    fatesOf(source, [machine('a')], { ...around([host(2, 2_048)]), luggage: [{ ...volume, ...more }] })[0]
  expect(fate({})).toMatchObject({ do: 'moves' })
  expect(fate({ snapshots: 1 })).toMatchObject({ do: 'stops', why: { message: expect.stringContaining('snapshots') } })
  expect(fate({ readOnly: true })).toMatchObject({ do: 'stops' })
  expect(fate({ settled: false })).toMatchObject({ do: 'stops' })
})
