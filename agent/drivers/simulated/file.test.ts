import { statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { machine, rootOf, VirtualTime } from '../../../test/support/agent-world.ts'
import { temporaryFolder } from '../../../test/support/temporary-folder.ts'
import { simulatedCompute } from './compute.ts'
import { simulatedHostIn } from './file.ts'
import { SimulatedState } from './state.ts'
import { simulatedVolumes } from './volumes.ts'

test('machines go on while no process looks: what was due meanwhile has happened at the next opening', async () => {
  const file = join(temporaryFolder(), 'host.json')
  const time = new VirtualTime()
  const first = simulatedHostIn(file, 'sim', time)
  const compute = simulatedCompute(first, 'one')
  const wanted = machine('vm_a', { ports: [], image: { id: 'img', files: [] } })
  const volume = rootOf('vm_a', { source: { from: 'nothing' } })
  const volumes = simulatedVolumes(first, 'one')
  await volumes.make(volume)
  const found = await volumes.find(volume)
  if (!found.ok || !found.value) throw new Error('not made')
  const disk = { volume: volume.id, device: 'vda', source: found.value.source, boot: true, readOnly: false }
  await compute.define({ machine: wanted, files: { seed: '' }, disks: [disk], plugs: [] })
  expect(await compute.start('vm_a')).toEqual({ ok: true, value: undefined })
  first.close()
  expect(statSync(file).mode & 0o777).toBe(0o600)

  time.jump(60_000)
  const second = simulatedHostIn(file, 'sim', time)
  expect(second.bootId).toBe(first.bootId)
  await time.pass(1)
  const again = simulatedCompute(second, 'one')
  expect(await again.list()).toMatchObject({ value: [{ id: 'vm_a', power: 'running' }] })
  const log = await again.consoleLog('vm_a')
  expect(log.ok && new TextDecoder().decode(log.value)).toContain('login:')
  second.close()
})

test('a state from before there were volumes is read with each disk as one', () => {
  const before = {
    bootId: 'boot',
    machines: {
      'one/vm_a': {
        instance: 'one',
        id: 'vm_a',
        name: 'a',
        shape: 's',
        memoryMiB: 128,
        disk: 'simulated:/one/machines/vm_a/disk',
        bridges: [],
        addresses: [],
        power: 'stopped',
        cause: 'asked',
        starts: 1,
        startedAt: 0,
        upAt: null,
        offAt: null,
        offCause: 'asked',
        log: '',
      },
    },
    stores: { one: { images: {}, disks: { vm_a: { image: 'img_1', mib: 64, made: 5 } }, networks: {} } },
  }
  const state = SimulatedState.parse(before)
  expect(state.stores.one?.volumes).toEqual({ vol_a: { base: 'img_1', mib: 64, made: 5, layer: 0 } })
  expect(state.machines['one/vm_a']?.disks).toMatchObject([{ volume: 'vol_a', device: 'vda' }])
  expect(SimulatedState.parse(state)).toEqual(state)
})
