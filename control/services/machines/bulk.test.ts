import { limits } from '@sirocco/shared/model/limits.ts'
import { expect, test } from 'vitest'
import { hranaLimits } from '../../../local/hrana/limits.ts'
import { must } from '../../../test/contract/store/furnish.ts'
import { world } from '../../../test/support/world.ts'
import { deleteMachines } from './delete.ts'
import { launchMachines } from './launch.ts'

test('as many machines as one verb takes are launched, and deleted, in one batch each', async () => {
  const at = await world({ hosts: 4, cpus: 2_000, memoryMiB: 4_000_000 })
  const call = { ports: at.ports, principal: at.principal }
  const tags = Object.fromEntries(Array.from({ length: limits.bulkTags / limits.bulk }, (_, i) => [`k${i}`, 'v']))
  let steps = 0
  const { batch } = at.database
  at.database.batch = (statements, mode) => {
    steps = Math.max(steps, statements.length)
    return batch.call(at.database, statements, mode)
  }
  const input = { image: at.rows.image, flavor: 't3.nano', minCount: limits.bulk, maxCount: limits.bulk, tags }
  const { machines } = must(await launchMachines.call(call, { ...input, userData: btoa('x'.repeat(4_096)) }))
  expect(machines).toHaveLength(limits.bulk)
  expect(at.database.look('SELECT revision FROM host')).toEqual(Array(4).fill({ revision: 2 }))
  must(await deleteMachines.call(call, { machines: [...machines] }))
  expect(at.database.look('SELECT revision FROM host')).toEqual(Array(4).fill({ revision: 3 }))
  // Beginning and end of the transaction are steps as well.
  expect(steps).toBeGreaterThan(limits.bulk)
  expect(steps).toBeLessThan(hranaLimits.requests - 10)
})

test('more user-data than one batch carries is refused before anything is looked for', async () => {
  const at = await world()
  const userData = btoa('x'.repeat(limits.userDataBytes))
  const call = { ports: at.ports, principal: at.principal }
  const launch = { image: at.rows.image, flavor: 't3.nano', maxCount: limits.bulk, userData }
  expect(await launchMachines.call(call, launch)).toMatchObject({ fault: { code: 'invalid', field: 'userData' } })
})
