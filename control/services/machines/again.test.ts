import { describe, expect, test } from 'vitest'
import { must } from '../../../test/contract/store/furnish.ts'
import { world } from '../../../test/support/world.ts'
import { stateOfMachine } from '../../domain/machines/machine.ts'
import { deleteMachines } from './delete.ts'
import { launchMachines } from './launch.ts'
import { startMachines } from './start.ts'
import { stopMachines } from './stop.ts'

async function launched() {
  const at = await world({ hosts: 1 })
  const call = { ports: at.ports, principal: at.principal }
  const machines = [...must(await launchMachines.call(call, { image: at.rows.image, flavor: 't3.micro', name: 'web' })).machines]
  const look = async () => {
    const [machine] = must(await at.ports.store.machines.find('platform', machines))
    if (!machine) throw new Error('gone')
    return machine
  }
  return { at, call, machines, look }
}

describe('a verb that is asked again', () => {
  test('cuts a stop short where it forces one that only asks; the same stop twice is one', async () => {
    const { at, call, machines, look } = await launched()
    await at.settle()
    must(await stopMachines.call(call, { machines }))
    expect(must(await stopMachines.call(call, { machines })).operations).toEqual([])
    expect(must(await stopMachines.call(call, { machines, force: true })).operations).toHaveLength(1)
    expect(await look()).toMatchObject({ power: 'cut', generation: 3 })
    expect(must(await stopMachines.call(call, { machines, force: true })).operations).toEqual([])
    expect(must(await stopMachines.call(call, { machines })).operations).toEqual([])
  })

  test.each(['stop', 'delete'] as const)('is tried again where the host could not do the %s', async verb => {
    const { at, call, machines, look } = await launched()
    await at.settle()
    at.behaviour.set('web', ({ generation }) => ({
      applied: generation,
      power: 'running',
      addresses: [],
      fault: { code: 'internal', message: 'the disk is busy', detail: '/var/lib' },
    }))
    const ask = verb === 'stop' ? stopMachines : deleteMachines
    must(await ask.call(call, { machines }))
    await at.settle()
    expect(stateOfMachine(await look())).toBe(verb === 'stop' ? 'stopping' : 'deleting')
    at.behaviour.delete('web')
    expect(must(await ask.call(call, { machines })).operations).toHaveLength(1)
    await at.settle()
    expect(stateOfMachine(await look())).toBe(verb === 'stop' ? 'stopped' : 'gone')
  })
})

test('a machine that was stopped before it ran, and then cannot start, has failed and holds nothing', async () => {
  const { at, call, machines, look } = await launched()
  must(await stopMachines.call(call, { machines }))
  await at.settle()
  expect(stateOfMachine(await look())).toBe('stopped')
  at.behaviour.set('web', ({ generation }) => ({
    applied: generation,
    power: 'absent',
    addresses: [],
    fault: { code: 'capacity', message: 'the pool is full' },
  }))
  must(await startMachines.call(call, { machines }))
  await at.settle()
  expect(stateOfMachine(await look())).toBe('failed')
  expect(at.database.look('SELECT id FROM allocation WHERE until IS NULL')).toEqual([])
  expect(at.database.look('SELECT id FROM port')).toEqual([])
})
