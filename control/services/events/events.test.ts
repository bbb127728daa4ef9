import { expect, test } from 'vitest'
import { must } from '../../../test/contract/store/furnish.ts'
import { world } from '../../../test/support/world.ts'
import { launchMachines } from '../machines/launch.ts'
import { listEvents } from './list.ts'

test('admins are told of hosts in the order of everything else, others of their project only', async () => {
  const at = await world()
  const [host = 'hst_'] = at.rows.hosts
  const call = { ports: at.ports, principal: at.principal }
  must(await launchMachines.call(call, { image: at.rows.image, flavor: 't3.micro' }))
  must(await at.ports.store.commit([{ do: 'event', project: null, type: 'host.silent', subject: host }]))
  must(await launchMachines.call(call, { image: at.rows.image, flavor: 't3.micro' }))

  const launched = ['volume.create.asked', 'machine.create.asked']
  const types = async (role: 'admin' | 'owner', more = {}) =>
    must(await listEvents.call({ ...call, principal: { ...at.principal, role } }, more)).events.map(event => event.type)
  expect(await types('admin')).toEqual([...launched, 'host.silent', ...launched])
  expect(await types('admin', { limit: 3 })).toEqual([...launched, 'host.silent'])
  expect(await types('admin', { subject: host })).toEqual(['host.silent'])
  expect(await types('owner')).toEqual([...launched, ...launched])
  expect(await types('owner', { subject: host })).toEqual([])
})
