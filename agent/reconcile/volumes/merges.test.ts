import type { Fault } from '@sirocco/shared/kit/fault.ts'
import type { WantedSnapshot } from '@sirocco/shared/wire/objects.ts'
import { expect, test } from 'vitest'
import { AgentWorld, machine, network, rootOf, snapshotOf } from '../../../test/support/agent-world.ts'

const kept = snapshotOf('snp_1', 'vol_a')
const deleted: WantedSnapshot = { ...kept, generation: 2, gone: true }

/** A machine that runs, with a snapshot of its disk; and what was done to files since. */
async function running(inject: (verb: string) => Fault | null = () => null) {
  const world = new AgentWorld({ inject })
  const passed: string[] = []
  await world.start(async point => {
    if (/\.merge(Disk)?\.after$/.test(point)) passed.push(point)
  })
  await world.connect()
  await world.want(network(), machine('vm_a'))
  await world.pass(15_000)
  expect(world.power('vm_a')).toBe('running')
  await world.want(kept)
  await world.pass(5_000)
  const idle = () => world.host.store('one').volumes.vol_a?.idle?.map(({ snapshot }) => snapshot)
  return { world, passed, idle }
}

test('the file of a snapshot that goes is merged away by the guest that has it open, but for the one that it writes above', async () => {
  const { world, passed, idle } = await running()
  await world.want(snapshotOf('snp_2', 'vol_a'))
  await world.pass(5_000)
  await world.want(deleted)
  await world.pass(5_000)
  expect([passed, idle()]).toEqual([['port.compute.mergeDisk.after', 'port.volumes.merge.after'], undefined])
  expect(world.seenVolume('vol_a')?.progress).toBeUndefined()
  await world.want({ ...snapshotOf('snp_2', 'vol_a'), generation: 2, gone: true })
  await world.pass(60_000)
  expect([passed.length, idle()]).toEqual([2, ['snp_2']])
  await world.want(machine('vm_a', { generation: 2, power: 'off' }))
  await world.pass(30_000)
  expect([world.power('vm_a'), idle()]).toEqual(['stopped', undefined])
})

test('… by the agent where its machine is off', async () => {
  const { world, passed, idle } = await running()
  await world.want(machine('vm_a', { generation: 2, power: 'cut' }))
  await world.pass(5_000)
  await world.want(deleted)
  await world.pass(5_000)
  expect([passed, idle()]).toEqual([['port.volumes.merge.after'], undefined])
})

test.each([
  ['whose guest shut down by itself', 1, (world: AgentWorld) => world.host.guestShutsDown('one', 'vm_a')],
  ['that crashed too often', 8, (world: AgentWorld) => world.host.guestCrashes('one', 'vm_a')],
])('… by the agent where it is a machine %s, which nobody starts', async (_, times, goesOff) => {
  const { world, passed, idle } = await running()
  for (let time = 0; time < times; time++) {
    goesOff(world)
    await world.pass(10_000)
  }
  expect(world.power('vm_a')).toBe('stopped')
  await world.want(deleted)
  await world.pass(5_000)
  expect([passed, idle()]).toEqual([['port.volumes.merge.after'], undefined])
  await world.want(machine('vm_a', { generation: 2 }))
  await world.pass(15_000)
  expect(world.power('vm_a')).toBe('running')
})

test('… and not while the memory of its machine is on disk, which knows the files by name', async () => {
  const { world, passed, idle } = await running()
  await world.want(machine('vm_a', { generation: 2, power: 'suspended' }))
  await world.pass(5_000)
  expect(world.power('vm_a')).toBe('suspended')
  await world.want(deleted)
  await world.pass(60_000)
  expect([passed, idle()]).toEqual([[], ['snp_1']])
  await world.want(machine('vm_a', { generation: 3, power: 'cut' }))
  await world.pass(15_000)
  expect(idle()).toBeUndefined()
})

test('what others were made from stays until they go', async () => {
  const { world, idle } = await running()
  await world.want(machine('vm_a', { generation: 2, power: 'cut' }))
  const copy = rootOf('vm_b', { attached: null, source: { from: 'snapshot', snapshot: 'snp_1' } })
  await world.want(copy)
  await world.pass(5_000)
  await world.want(deleted)
  await world.pass(60_000)
  expect(idle()).toEqual(['snp_1'])
  await world.want({ ...copy, generation: 2, gone: true })
  await world.pass(120_000)
  expect(idle()).toBeUndefined()
})

test('merging that is refused is done another time, and is no fault of the volume', async () => {
  let refuses = true
  const { world, idle } = await running(verb =>
    refuses && verb === 'compute.mergeDisk' ? { code: 'internal', message: 'the hypervisor failed' } : null,
  )
  await world.want(snapshotOf('snp_2', 'vol_a'))
  await world.pass(5_000)
  await world.want(deleted)
  await world.pass(20_000)
  expect(idle()).toEqual(['snp_1'])
  expect(world.seenVolume('vol_a')).toMatchObject({ here: true })
  expect(world.seenVolume('vol_a')?.fault).toBeUndefined()
  refuses = false
  await world.pass(60_000)
  expect(idle()).toBeUndefined()
})
