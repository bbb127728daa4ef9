import { GiB } from '@sirocco/shared/kit/units.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import type { WantedMachine } from '@sirocco/shared/wire/objects.ts'
import { expect, test } from 'vitest'
import { AgentWorld, machine, network, rootOf, snapshotOf } from '../../test/support/agent-world.ts'
import { excess } from './image-cache.ts'

const gone = (id: string) => [
  machine(id, { generation: 2, power: 'gone' }),
  rootOf(id, { generation: 2, attached: null, gone: true }),
]
const images = (world: AgentWorld) => Object.keys(world.host.store('one').images).length
const swept = (world: AgentWorld) => world.pass(limits.agentSweep + 1_000)

async function begun(): Promise<AgentWorld> {
  const world = new AgentWorld()
  await world.start()
  await world.connect()
  await world.want(network())
  return world
}
const launch = async (world: AgentWorld, id: string, more: Partial<WantedMachine> = {}) => {
  await world.want(machine(id, more), rootOf(id))
  await world.pass(15_000)
  expect(world.power(id)).toBe('running')
}

test('the second launch on a host fetches nothing; once the image was evicted, the next one fetches it again', async () => {
  const world = await begun()
  await launch(world, 'vm_a')
  const first = world.fetches
  expect(first).toBeGreaterThan(0)
  await launch(world, 'vm_b')
  expect(world.fetches).toBe(first)
  await world.want(...gone('vm_a'), ...gone('vm_b'))
  await swept(world)
  expect(images(world)).toBe(first)
  world.host.short = true
  await swept(world)
  expect(images(world)).toBe(0)
  await launch(world, 'vm_c')
  expect(world.fetches).toBe(2 * first)
})

test('a short pool takes no image that a machine, or a snapshot of a volume that is gone, stands on', async () => {
  const world = await begun()
  await launch(world, 'vm_a')
  world.host.short = true
  await swept(world)
  expect(images(world)).toBeGreaterThan(0)
  const kept = snapshotOf('snp_1', rootOf('vm_a').id)
  await world.want(kept)
  await world.pass(5_000)
  await world.want(...gone('vm_a'))
  await swept(world)
  expect(world.host.store('one').volumes).toEqual({})
  expect(images(world)).toBeGreaterThan(0)
  await world.want({ ...kept, generation: 2, gone: true })
  await swept(world)
  expect(images(world)).toBe(0)
})

test('images give up what is missing to the free room, or what they are over their share of the pool', () => {
  const pool = { totalBytes: 100 * GiB, freeBytes: 60 * GiB, all: 30 * GiB, coming: 0 }
  expect(excess(pool)).toBeLessThanOrEqual(0)
  expect(excess({ ...pool, freeBytes: 4 * GiB })).toBe(6 * GiB)
  expect(excess({ ...pool, freeBytes: 12 * GiB, coming: 3 * GiB })).toBe(1 * GiB)
  expect(excess({ ...pool, all: 55 * GiB })).toBe(5 * GiB)
  expect(excess({ ...pool, totalBytes: 1_000 * GiB, freeBytes: 15 * GiB })).toBe(5 * GiB)
})
