import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Host, HostProjection } from '@sirocco/shared/api/hosts.ts'
import { Secret } from '@sirocco/shared/kit/secret.ts'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Place } from '../place.ts'
import { audit } from './audit.ts'
import type { ProjectedMachine } from './expected.ts'

const sha = 'a'.repeat(64)
const machine = (id: string, more: Partial<ProjectedMachine> = {}): ProjectedMachine => ({
  kind: 'machine',
  id,
  generation: 1,
  power: 'on',
  name: id,
  vcpus: 1,
  memoryMiB: 128,
  image: { id: 'img_1', files: [{ role: 'disk', format: 'raw', sha256: sha, bytes: 13 }] },
  ports: [{ id: `prt_${id}`, network: 'sub_1', mac: '02:00:00:00:00:01', address: '10.64.0.4' }],
  ...more,
})
type Projected = HostProjection['objects'][number]
const volume = (suffix: string): Extract<Projected, { kind: 'volume' }> => ({
  kind: 'volume',
  id: `vol_${suffix}`,
  generation: 1,
  pool: { type: 'directory', id: 'spl_1' },
  sizeMiB: 1024,
  source: { from: 'image', image: 'img_1', files: [{ role: 'disk', format: 'raw', sha256: sha, bytes: 13 }] },
  attached: { machine: `vm_${suffix}`, device: 'vda', boot: true, readOnly: false },
  gone: false,
})
const snapshot: Extract<Projected, { kind: 'snapshot' }> = {
  kind: 'snapshot',
  id: 'snp_a',
  generation: 1,
  pool: { type: 'directory', id: 'spl_1' },
  volume: 'vol_a',
  sizeMiB: 1024,
  gone: false,
}
const kept = [volume('a'), volume('b'), snapshot]
const network = {
  kind: 'network',
  id: 'sub_1',
  generation: 1,
  cidr: '10.64.0.0/20',
  gateway: '10.64.0.1',
  mtu: 1450,
  domain: 'sirocco.internal',
  gone: false,
} as const
const host: Host = {
  id: 'hst_1',
  name: 'box-1',
  region: 'local-1',
  zone: 'local-1a',
  agent: 'agt_1',
  agentBundle: null,
  upgrade: 'unknown',
  agentVersion: '0.1.0',
  state: 'up',
  silentSince: null,
  seenAt: null,
  accepting: true,
  cpuRatio: 1,
  memoryRatio: 1,
  diskRatio: 4,
  tags: {},
  fenced: null,
  power: null,
  maintenance: 'none' as const,
  underlay: null,
  hypervisor: 'simulated',
  hypervisorVersion: '1',
  acceleration: 'simulated',
  architecture: 'x86_64',
  capacity: { vcpus: 16, memoryMiB: 65_536, diskMiB: 1_048_576 },
  used: { vcpus: 2, memoryMiB: 256, diskMiB: 3_072 },
  machines: 2,
  warnings: [],
  orphans: [],
}

/** A simulated host's file with what the control plane below wants. */
const whole = () => ({
  bootId: 'boot',
  machines: {
    'one/vm_a': { instance: 'one', id: 'vm_a', power: 'running', memoryMiB: 128, disks: [{ volume: 'vol_a', device: 'vda' }] },
    'one/vm_b': { instance: 'one', id: 'vm_b', power: 'stopped', memoryMiB: 128, disks: [{ volume: 'vol_b', device: 'vda' }] },
    'two/vm_z': { instance: 'two', id: 'vm_z', power: 'running', memoryMiB: 128, disks: [] },
  } as Record<
    string,
    { instance: string; id: string; power: string; memoryMiB: number; disks: { volume: string; device: string }[] }
  >,
  stores: {
    one: {
      images: { [sha]: 13 } as Record<string, number>,
      volumes: { vol_a: { base: 'img_1', mib: 1024 }, vol_b: { base: 'img_1', mib: 1024 } } as Record<
        string,
        { base: string; mib: number }
      >,
      snapshots: { snp_a: { volume: 'vol_a' } } as Record<string, { volume: string }>,
      networks: { sub_1: { bridge: 'sb1', cidr: '10.64.0.0/20', ports: ['prt_vm_a', 'prt_vm_b'] } } as Record<
        string,
        { bridge: string; cidr: string; ports: string[] }
      >,
    },
    two: { images: {}, volumes: { vol_z: { base: 'img_1', mib: 1 } }, snapshots: {}, networks: {} },
  },
})
type State = ReturnType<typeof whole>

describe('audit-host', () => {
  let folder = ''
  let server: Server
  let projection: HostProjection
  let hosts: Host[]
  let authorised: (string | undefined)[]

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'audit-'))
    projection = { host: 'hst_1', revision: 1, objects: [network, ...kept, machine('vm_a'), machine('vm_b', { power: 'off' })] }
    hosts = [host]
    authorised = []
    server = createServer((request, response) => {
      authorised.push(request.headers.authorization)
      const answers: Readonly<Record<string, unknown>> = {
        '/api/v1/hosts': { items: hosts, next: null },
        '/api/v1/machines': { items: [], next: null },
        '/api/v1/volumes': { items: [], next: null },
        '/api/v1/hosts/hst_1/projection': projection,
      }
      const answer = answers[new URL(request.url ?? '', 'http://x').pathname]
      response.writeHead(answer ? 200 : 404, { 'content-type': 'application/json' }).end(JSON.stringify(answer ?? {}))
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  })
  afterEach(async () => {
    server.close()
    await rm(folder, { recursive: true, force: true })
  })

  const endpoint = () => ({
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v1`,
    token: new Secret('AKIAX.secret'),
  })
  const place = (): Place => ({
    folder,
    instance: 'one',
    tag: 'sim',
    hosts: [{ id: 'hst_1', name: 'box-1' }],
    driver: { kind: 'simulated' },
    storage: folder,
    runtime: folder,
  })
  async function look(change: (state: State) => void = () => {}): Promise<string[]> {
    const state = whole()
    change(state)
    await writeFile(join(folder, 'simulated-hst_1.json'), JSON.stringify(state))
    const found = await audit({ endpoint: endpoint(), place: place(), host: null, waitMs: 0 })
    if (!found.ok) throw new Error(found.fault.message)
    return found.value.map(({ what, kind, id }) => `${what} ${kind} ${id}`)
  }

  test('finds nothing where everything is as wanted, and leaves other instances alone', async () => {
    expect(await look()).toEqual([])
    expect(new Set(authorised)).toEqual(new Set(['Bearer AKIAX.secret']))
  })

  const losses: readonly [string, (state: State) => void][] = [
    ['machine vm_a', s => delete s.machines['one/vm_a']],
    ['volume vol_a', s => delete s.stores.one.volumes.vol_a],
    ['snapshot snp_a', s => delete s.stores.one.snapshots.snp_a],
    [`image ${sha}`, s => delete s.stores.one.images[sha]],
    ['port prt_vm_a', s => s.stores.one.networks.sub_1?.ports.shift()],
  ]
  test.each(losses)('sees the loss of a %s', async (what, plant) => {
    expect(await look(plant)).toEqual([`lost ${what}`])
  })
  test('sees the loss of a network, with every port on it', async () => {
    const found = await look(s => delete s.stores.one.networks.sub_1)
    expect(found).toEqual(['lost bridge sub_1', 'lost port prt_vm_a', 'lost port prt_vm_b'])
  })

  const leaks: readonly [string, (state: State) => void][] = [
    ['machine vm_x', s => (s.machines['one/vm_x'] = { instance: 'one', id: 'vm_x', power: 'stopped', memoryMiB: 1, disks: [] })],
    ['volume vol_x', s => (s.stores.one.volumes.vol_x = { base: 'img_1', mib: 1 })],
    ['snapshot snp_x', s => (s.stores.one.snapshots.snp_x = { volume: 'vol_a' })],
    ['bridge sub_x', s => (s.stores.one.networks.sub_x = { bridge: 'sbx', cidr: '10.64.16.0/20', ports: [] })],
    ['port prt_x', s => s.stores.one.networks.sub_1?.ports.push('prt_x')],
  ]
  test.each(leaks)('sees a leaked %s', async (what, plant) => {
    expect(await look(plant)).toEqual([`leaked ${what}`])
  })

  test('sees what is there twice', async () => {
    const twice = (s: State) =>
      (s.machines['one/again'] = { instance: 'one', id: 'vm_a', power: 'running', memoryMiB: 128, disks: [] })
    expect(await look(twice)).toEqual(['doubled machine vm_a'])
  })

  const unlike: readonly [string, (state: State) => void][] = [
    ['machine vm_b', s => s.machines['one/vm_b'] && (s.machines['one/vm_b'].power = 'running')],
    ['machine vm_a', s => s.machines['one/vm_a'] && (s.machines['one/vm_a'].memoryMiB = 256)],
    ['machine vm_b', s => s.machines['one/vm_b']?.disks.push({ volume: 'vol_a', device: 'vdc' })],
    ['volume vol_a', s => (s.stores.one.volumes.vol_a = { base: 'img_1', mib: 7 })],
    ['bridge sub_1', s => (s.stores.one.networks.sub_1 = { bridge: 'b', cidr: '10.9.0.0/20', ports: ['prt_vm_a', 'prt_vm_b'] })],
  ]
  test.each(unlike)('sees a %s that is other than wanted', async (what, plant) => {
    expect(await look(plant)).toEqual([`differs ${what}`])
  })

  test('does not mind that a machine which is off gets its new size when it starts', async () => {
    expect(await look(s => s.machines['one/vm_b'] && (s.machines['one/vm_b'].memoryMiB = 256))).toEqual([])
  })

  test('sees that more is counted as used than is there', async () => {
    hosts = [{ ...host, used: { ...host.used, memoryMiB: 384 }, machines: 3 }]
    expect(await look()).toEqual(['differs allocation hst_1'])
  })

  test('takes what is left of a machine that is to be gone for leaked', async () => {
    projection = {
      ...projection,
      objects: [network, ...kept, machine('vm_a', { power: 'gone' }), machine('vm_b', { power: 'off' })],
    }
    expect(await look()).toEqual(['leaked machine vm_a', 'leaked port prt_vm_a'])
  })

  test('takes what is left of a volume or a snapshot that is to be gone for leaked', async () => {
    const objects = [network, { ...volume('a'), attached: null, gone: true }, volume('b'), { ...snapshot, gone: true }]
    projection = { ...projection, objects: [...objects, machine('vm_a'), machine('vm_b', { power: 'off' })] }
    expect(await look()).toEqual(['differs machine vm_a', 'leaked volume vol_a', 'leaked snapshot snp_a'])
  })

  test('does not miss a machine that never ran and shall not run', async () => {
    projection = { ...projection, objects: [network, ...kept, machine('vm_a'), machine('vm_b', { power: 'off' })] }
    const never = (s: State) => {
      delete s.machines['one/vm_b']
      delete s.stores.one.volumes.vol_b
    }
    expect(await look(never)).toEqual([])
  })

  test('says in one sentence why it cannot look', async () => {
    const refusal = async (more: Partial<Parameters<typeof audit>[0]>) => {
      const found = await audit({ endpoint: endpoint(), place: place(), host: null, waitMs: 0, ...more })
      return found.ok ? null : found.fault.message
    }
    expect(await refusal({ host: 'nobody' })).toContain('has no host nobody')
    expect(await refusal({ place: { ...place(), hosts: [{ id: 'hst_9', name: 'other' }] } })).toContain(
      'does not know host hst_9',
    )
    expect(await refusal({ endpoint: { ...endpoint(), url: 'http://127.0.0.1:9/api/v1' } })).toContain('does not answer')
  })
})
