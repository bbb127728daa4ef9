import { ok } from '@sirocco/shared/kit/fault.ts'
import type { WantedMachine } from '@sirocco/shared/wire/objects.ts'
import { describe, expect, test, vi } from 'vitest'
import type { Compute, FoundMachine } from '../ports/compute.ts'
import type { Volumes } from '../ports/volumes.ts'
import type { Journal } from './journal.ts'
import { Orphans } from './orphans.ts'

const mac = '52:54:00:00:00:0a'
const found: FoundMachine = { id: 'vm_1', shape: 's', power: 'running', cause: 'unknown', run: '1' }
const before: WantedMachine = {
  kind: 'machine',
  id: 'vm_1',
  generation: 3,
  power: 'on',
  name: 'web',
  vcpus: 1,
  memoryMiB: 128,
  image: { id: 'img_1', files: [] },
  firmware: 'bios',
  ports: [{ id: 'prt_1', network: 'net_1', mac, address: '10.64.0.4', groups: ['sgr_1'] }],
  seed: { instanceId: 'i-1', keys: [], userData: '' },
}

function orphans(stray: WantedMachine | undefined) {
  const described = { name: 'web', vcpus: 1, memoryMiB: 128, firmware: 'bios' as const, macs: [mac] }
  const parts = {
    compute: { describe: vi.fn(async () => ok(described)), disks: async () => ok([]) },
    volumes: { find: async () => ok(null) },
    journal: { facts: () => undefined, kept: () => undefined },
  } as unknown as { compute: Compute; volumes: Volumes; journal: Journal }
  return { orphans: new Orphans({ ...parts, stray: () => stray }), describe: parts.compute.describe }
}

describe('an orphan', () => {
  test('is told of with the interfaces that were once wanted of it, whatever else was wanted of those', async () => {
    const at = orphans(before)
    expect(await at.orphans.look(found)).toEqual(ok(true))
    expect(at.orphans.of('vm_1')).toMatchObject({
      generation: 3,
      image: 'img_1',
      ports: [{ mac, id: 'prt_1', network: 'net_1', address: '10.64.0.4' }],
    })
  })

  test('that nobody ever asked for is told of by what the hypervisor knows', async () => {
    const at = orphans(undefined)
    expect(await at.orphans.look(found)).toEqual(ok(true))
    expect(at.orphans.of('vm_1')).toMatchObject({ generation: -1, name: 'web', ports: [{ mac }] })
  })

  test('is read once for each of its runs', async () => {
    const at = orphans(before)
    await at.orphans.look(found)
    expect(await at.orphans.look(found)).toEqual(ok(false))
    expect(await at.orphans.look({ ...found, run: '2' })).toEqual(ok(true))
    expect(at.describe).toHaveBeenCalledTimes(2)
  })
})
