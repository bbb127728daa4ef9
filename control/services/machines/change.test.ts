import { expect, test } from 'vitest'
import { must } from '../../../test/contract/store/furnish.ts'
import { world } from '../../../test/support/world.ts'
import { stateOfMachine } from '../../domain/machines/machine.ts'
import { deleteMachines } from './delete.ts'
import { launchMachines } from './launch.ts'
import { protectMachine } from './protect.ts'
import { renameMachine } from './rename.ts'
import { resizeMachine } from './resize.ts'
import { startMachines } from './start.ts'
import { stopMachines } from './stop.ts'
import { changeUserData } from './user-data.ts'

async function launched(input: { firmware?: 'uefi'; protected?: boolean } = {}) {
  const at = await world({ hosts: 1, cpus: 4, memoryMiB: 4_096 })
  const call = { ports: at.ports, principal: at.principal }
  const { machines } = must(
    await launchMachines.call(call, { image: at.rows.image, flavor: 't3.micro', name: 'web', userData: btoa('one'), ...input }),
  )
  const [machine = ''] = machines
  const look = async () => {
    const [found] = must(await at.ports.store.machines.find('platform', [machine]))
    if (!found) throw new Error('gone')
    return found
  }
  const wanted = async () => {
    const [host] = at.rows.hosts
    const objects = host ? must(await at.ports.store.hosts.desired(host)).objects : []
    const found = objects.find(object => object.kind === 'machine')
    if (!found) throw new Error('not wanted')
    return found
  }
  await at.settle()
  return { at, call, machine, machines: [machine], look, wanted }
}

test('a machine is renamed as it runs: its host hears of it, and nothing is begun', async () => {
  const { at, call, machine, look, wanted } = await launched()
  must(await renameMachine.call(call, { machine, name: ' Mail 1 ' }))
  expect(await look()).toMatchObject({ name: 'Mail 1', generation: 1, power: 'on' })
  expect((await wanted()).name).toBe('mail-1')
  expect(at.database.look('SELECT id FROM operation')).toHaveLength(1)
  const { version } = await look()
  must(await renameMachine.call(call, { machine, name: 'Mail 1' }))
  expect((await look()).version).toBe(version)
  expect(await renameMachine.call(call, { machine, name: 'a\nb' })).toMatchObject({ fault: { code: 'invalid', field: 'name' } })
})

test('a protected machine is not deleted before the protection is taken off', async () => {
  const { at, call, machine, machines, look } = await launched({ protected: true })
  expect(await deleteMachines.call(call, { machines })).toMatchObject({
    fault: { code: 'precondition', message: 'web is protected from deletion; take the protection off first' },
  })
  must(await protectMachine.call(call, { machine, protected: false }))
  must(await deleteMachines.call(call, { machines }))
  await at.settle()
  expect(stateOfMachine(await look())).toBe('gone')
  expect(await renameMachine.call(call, { machine, name: 'late' })).toMatchObject({ fault: { code: 'precondition' } })
})

test('only a stopped machine is resized or given other user-data; the guest has both from its next start', async () => {
  const { at, call, machine, machines, look, wanted } = await launched()
  const stopFirst = { fault: { code: 'precondition', message: 'web is not stopped; stop it first' } }
  expect(await resizeMachine.call(call, { machine, flavor: 't3.small' })).toMatchObject(stopFirst)
  expect(await changeUserData.call(call, { machine, userData: btoa('two') })).toMatchObject(stopFirst)
  must(await stopMachines.call(call, { machines }))
  await at.settle()
  must(await resizeMachine.call(call, { machine, flavor: 't3.small' }))
  must(await changeUserData.call(call, { machine, userData: btoa('two') }))
  expect(await look()).toMatchObject({ flavor: 't3.small', vcpus: 2, memoryMiB: 2_048, diskMiB: 8_192 })
  expect(at.database.look('SELECT vcpus, memoryMiB FROM allocation WHERE until IS NULL AND consumer = ?', machine)).toEqual([
    { vcpus: 2, memoryMiB: 2_048 },
  ])
  expect(await wanted()).toMatchObject({ memoryMiB: 2_048, seed: { userData: btoa('two') } })
  must(await changeUserData.call(call, { machine, userData: null }))
  expect((await wanted()).seed.userData).toBe('')
  must(await startMachines.call(call, { machines }))
  await at.settle()
  expect(stateOfMachine(await look())).toBe('running')
})

test('a resize that its host has no room for is refused, and claims nothing; a smaller one always fits', async () => {
  const { at, call, machine, machines, look } = await launched()
  must(await launchMachines.call(call, { image: at.rows.image, flavor: 't3.small', name: 'other' }))
  must(await stopMachines.call(call, { machines }))
  await at.settle()
  expect(await resizeMachine.call(call, { machine, flavor: 't3.medium' })).toMatchObject({
    fault: { code: 'capacity', message: expect.stringContaining('choose a smaller flavor') },
  })
  expect(await resizeMachine.call(call, { machine, flavor: 'nonesuch' })).toMatchObject({
    fault: { code: 'invalid', field: 'flavor' },
  })
  expect(await look()).toMatchObject({ flavor: 't3.micro', memoryMiB: 1_024 })
  must(await resizeMachine.call(call, { machine, flavor: 't3.small' }))
  must(await resizeMachine.call(call, { machine, flavor: 't3.nano' }))
  expect(at.database.look('SELECT sum(memoryMiB) AS m FROM allocation WHERE until IS NULL')).toEqual([{ m: 2_048 + 512 }])
})

test('firmware is the image’s, or what the launch asks for', async () => {
  expect((await (await launched()).wanted()).firmware).toBeUndefined()
  expect((await (await launched({ firmware: 'uefi' })).wanted()).firmware).toBe('uefi')
})
