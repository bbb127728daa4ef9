import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { simulatedCompute } from './drivers/simulated/compute.ts'
import { SimulatedHost } from './drivers/simulated/host.ts'
import { simulatedNetworks } from './drivers/simulated/networks.ts'
import type { SimulatedMachine } from './drivers/simulated/state.ts'
import { simulatedStorage } from './drivers/simulated/storage.ts'
import { simulatedVolumes } from './drivers/simulated/volumes.ts'
import { vacate } from './vacate.ts'

let folder: string
let host: SimulatedHost
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vacate-'))
  for (const room of ['storage/machines/vm_1', 'storage/images', 'storage/consoles', 'runtime/networks'])
    mkdirSync(join(folder, room), { recursive: true })
  const timers = { now: () => 0, after: () => ({ cancel: () => {} }) }
  host = new SimulatedHost({ timers, name: 'here', bootId: 'boot-1' })
  for (const instance of ['one', 'two']) {
    host.put(machine(instance))
    host.store(instance).volumes.vol_1 = { base: 'img_1', mib: 64, made: 0, layer: 0 }
    host.store(instance).networks.net_1 = { bridge: `sb${instance}`, cidr: '10.64.0.0/24', ports: [] }
  }
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const machine = (instance: string): SimulatedMachine => ({
  instance,
  id: 'vm_1',
  name: 'vm-1',
  shape: 'a',
  memoryMiB: 64,
  vcpus: 1,
  macs: [],
  disks: [{ volume: 'vol_1', device: 'vda', path: '/disk' }],
  bridges: [],
  addresses: [],
  power: 'running',
  cause: 'unknown',
  starts: 1,
  startedAt: 0,
  upAt: null,
  offAt: null,
  offCause: 'asked',
  log: '',
})

const ports = () => ({
  name: host.name,
  compute: simulatedCompute(host, 'one'),
  storage: simulatedStorage(host, 'one'),
  volumes: simulatedVolumes(host, 'one'),
  networks: simulatedNetworks(host, 'one'),
})
const place = () => ({
  storage: join(folder, 'storage'),
  runtime: join(folder, 'runtime'),
  driver: { kind: 'libvirt', socket: '', uri: '' } as const,
})
const left = (instance: string) => {
  const { volumes, networks } = host.store(instance)
  return [host.machines(instance).length, Object.keys(volumes).length, Object.keys(networks).length]
}

describe('taking an instance off its host', () => {
  test('is refused while it has machines, and changes nothing then', async () => {
    expect(await vacate([ports()], place(), { machines: false })).toMatchObject({
      ok: false,
      fault: { code: 'precondition', message: expect.stringContaining('1 machine is still here (vm_1)') },
    })
    expect(left('one')).toEqual([1, 1, 1])
    expect(readdirSync(folder).sort()).toEqual(['runtime', 'storage'])
  })

  test('is refused for a disk that no machine has, too', async () => {
    await ports().compute.cut('vm_1')
    await ports().compute.undefine('vm_1')
    expect(await vacate([ports()], place(), { machines: false })).toMatchObject({ ok: false, fault: { code: 'precondition' } })
    expect(left('one')).toEqual([0, 1, 1])
  })

  test('removes everything of it, nothing of another, and may run twice', async () => {
    const said = [`removed 1 machine of host here`, 'removed 1 volume of host here', 'removed 1 network of host here']
    expect(await vacate([ports()], place(), { machines: true })).toEqual(ok([...said, `removed ${join(folder, 'storage')}`]))
    expect([left('one'), left('two')]).toEqual([
      [0, 0, 0],
      [1, 1, 1],
    ])
    expect(readdirSync(folder)).toEqual([])
    expect(await vacate([ports()], place(), { machines: false })).toMatchObject({ ok: true })
  })

  test('leaves what somebody else put beside, and says so', async () => {
    writeFileSync(join(folder, 'storage/mine.txt'), '')
    const done = await vacate([ports()], place(), { machines: true })
    expect(done.ok && done.value.at(-1)).toBe(`left ${join(folder, 'storage')}, which holds mine.txt`)
    expect(existsSync(join(folder, 'storage/mine.txt'))).toBe(true)
  })

  test('stops at the first refusal, with files as they are', async () => {
    const networks = { ...ports().networks, apply: async () => refuse('internal', 'no') }
    expect(await vacate([{ ...ports(), networks }], place(), { machines: true })).toMatchObject({ ok: false })
    expect(existsSync(join(folder, 'storage/images'))).toBe(true)
  })
})
