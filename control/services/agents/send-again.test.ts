import { refuse } from '@sirocco/shared/kit/fault.ts'
import { expect, test } from 'vitest'
import { must } from '../../../test/contract/store/furnish.ts'
import { world } from '../../../test/support/world.ts'
import { launchMachines } from '../machines/launch.ts'
import { rebootMachines } from '../machines/reboot.ts'
import { sendAgain } from './send-again.ts'

test('a reset that a lost link swallowed is due again as soon as the host is back', async () => {
  const at = await world()
  const call = { ports: at.ports, principal: at.principal }
  const { machines } = must(await launchMachines.call(call, { image: at.rows.image, flavor: 't3.micro' }))
  await at.settle()
  const send = at.ports.links.send
  Object.assign(at.ports.links, { send: async () => refuse('unavailable', 'not linked') })
  const { operations } = must(await rebootMachines.call(call, { machines: [...machines] }))
  await at.settle()
  const [operation] = operations
  if (!operation) throw new Error('a reboot is an operation')
  expect(must(await at.ports.store.operations.find(operation))).toMatchObject({ state: 'parked' })

  Object.assign(at.ports.links, { send })
  must(await sendAgain(at.ports, at.rows.hosts))
  await at.settle()
  must(await sendAgain(at.ports, at.rows.hosts))
  await at.settle()
  expect(must(await at.ports.store.operations.find(operation))).toMatchObject({ state: 'done' })
})
