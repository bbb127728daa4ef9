import type { Id } from '@sirocco/shared/kit/id.ts'
import { expect, test } from 'vitest'
import { must } from '../../test/contract/store/furnish.ts'
import { world } from '../../test/support/world.ts'
import { launchMachines } from './machines/launch.ts'
import { startMachines } from './machines/start.ts'
import { stopMachines } from './machines/stop.ts'

async function running() {
  const at = await world()
  const call = { ports: at.ports, principal: at.principal }
  const machines = [...must(await launchMachines.call(call, { image: at.rows.image, flavor: 't3.micro' })).machines]
  await at.settle()
  return { at, call, machines }
}

test('a token that found nothing to do still has no effect when it is repeated', async () => {
  const { at, call, machines } = await running()
  const once = { ...call, token: 'start-once' }
  expect(must(await startMachines.call(once, { machines }))).toEqual({ operations: [] })
  must(await stopMachines.call(call, { machines }))
  await at.settle()
  expect(must(await startMachines.call(once, { machines }))).toEqual({ operations: [] })
  const [machine] = must(await at.ports.store.machines.find('platform', machines))
  expect(machine?.power).toBe('off')
})

test("a person's tokens in one project are not those in another", async () => {
  const { at, call, machines } = await running()
  must(await stopMachines.call({ ...call, token: 'mine' }, { machines }))
  const elsewhere = { ...at.principal, project: at.rows.ids.make('project') as Id<'project'> }
  expect(await stopMachines.call({ ...call, principal: elsewhere, token: 'mine' }, { machines })).toMatchObject({
    fault: { code: 'not_found' },
  })
})
