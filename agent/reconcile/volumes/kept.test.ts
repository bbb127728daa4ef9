import { expect, test } from 'vitest'
import { AgentWorld, machine, network, rootOf, snapshotOf } from '../../../test/support/agent-world.ts'

const kept = true as const

async function linked() {
  const world = new AgentWorld()
  await world.start()
  await world.connect()
  return world
}

test('a volume that was kept here and is not here any more is not made anew, nor is its machine started without it', async () => {
  const world = await linked()
  await world.want(network(), machine('vm_a'), { ...rootOf('vm_a'), kept })
  await world.pass(30_000)
  expect(world.seenVolume('vol_a')).toMatchObject({
    here: false,
    fault: { message: expect.stringMatching(/not on its host any more/) },
  })
  expect(world.host.store('one').volumes).toEqual({})
  expect(world.power('vm_a')).toBe('absent')
})

test('one that is here goes on as it is', async () => {
  const world = await linked()
  await world.want(network(), machine('vm_a'))
  await world.pass(15_000)
  await world.want({ ...rootOf('vm_a'), generation: 1_000_001, kept }, machine('vm_a', { generation: 1_000_001 }))
  await world.pass(15_000)
  expect(world.seenVolume('vol_a')).toMatchObject({ here: true, applied: 1_000_001 })
  expect(world.seenVolume('vol_a')?.fault).toBeUndefined()
  expect(world.power('vm_a')).toBe('running')
})

test('a snapshot that was kept is not taken now in place of then, and one that is here is not taken twice', async () => {
  const world = await linked()
  await world.want(network(), machine('vm_a'))
  await world.pass(15_000)
  await world.want(snapshotOf('snp_1', 'vol_a'))
  await world.pass(5_000)
  await world.want({ ...snapshotOf('snp_1', 'vol_a'), generation: 1_000_001, kept }, { ...snapshotOf('snp_2', 'vol_a'), kept })
  await world.pass(15_000)
  expect(Object.keys(world.host.store('one').snapshots)).toEqual(['snp_1'])
  expect(world.host.store('one').volumes.vol_a?.layer).toBe(1)
})
