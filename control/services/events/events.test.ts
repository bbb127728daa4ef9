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

  const types = async (role: 'admin' | 'owner', more = {}) =>
    must(await listEvents.call({ ...call, principal: { ...at.principal, role } }, more)).events.map(event => event.type)
  expect(await types('admin')).toEqual(['machine.create.asked', 'host.silent', 'machine.create.asked'])
  expect(await types('admin', { limit: 2 })).toEqual(['machine.create.asked', 'host.silent'])
  expect(await types('admin', { subject: host })).toEqual(['host.silent'])
  expect(await types('owner')).toEqual(['machine.create.asked', 'machine.create.asked'])
  expect(await types('owner', { subject: host })).toEqual([])
})
