import { limits } from '@sirocco/shared/model/limits.ts'
import { expect, test } from 'vitest'
import { must } from '../../../test/contract/store/furnish.ts'
import { world } from '../../../test/support/world.ts'
import { launchMachines } from '../machines/launch.ts'
import { setTags } from './set.ts'

const many = (from: number, count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${from + i}`, 'v']))

async function machine() {
  const at = await world()
  const call = { ports: at.ports, principal: at.principal }
  const [resource = ''] = must(await launchMachines.call(call, { image: at.rows.image, flavor: 't3.micro' })).machines
  return { at, call, resources: [resource] }
}

test('a resource has at most so many tags, also when two set some at once', async () => {
  const { at, call, resources } = await machine()
  const half = limits.tags / 2 + 1
  const both = await Promise.all([
    setTags.call(call, { resources, tags: many(0, half) }),
    setTags.call(call, { resources, tags: many(half, half) }),
  ])
  expect(both.map(one => (one.ok ? 'ok' : one.fault.code)).sort()).toEqual(['ok', 'quota'])
  expect(at.database.look('SELECT * FROM tag')).toHaveLength(half)
})

test('a full resource takes new values for the tags it has', async () => {
  const { call, resources } = await machine()
  must(await setTags.call(call, { resources, tags: many(0, limits.tags) }))
  must(await setTags.call(call, { resources, tags: { k0: 'new' } }))
  expect(await setTags.call(call, { resources, tags: { another: '' } })).toMatchObject({ fault: { code: 'quota' } })
})
