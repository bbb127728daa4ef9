import { expect, test } from 'vitest'
import { must } from '../../../test/contract/store/furnish.ts'
import { world } from '../../../test/support/world.ts'
import { stateOfMachine } from '../../domain/machines/machine.ts'
import { deleteMachines } from './delete.ts'
import { launchMachines } from './launch.ts'
import { pauseMachines } from './pause.ts'
import { rebootMachines } from './reboot.ts'
import { resumeMachines } from './resume.ts'
import { startMachines } from './start.ts'
import { stopMachines } from './stop.ts'
import { suspendMachines } from './suspend.ts'

async function launched(name = 'web') {
  const at = await world()
  const call = { ports: at.ports, principal: at.principal }
  const launch = await launchMachines.call(call, { image: at.rows.image, flavor: 't3.micro', name, userData: btoa('#!/bin/sh') })
  if (!launch.ok) throw new Error(launch.fault.message)
  const machines = [...launch.value.machines]
  const look = async () => {
    const found = await at.ports.store.machines.find('platform', machines)
    if (!found.ok || !found.value[0]) throw new Error('gone')
    return found.value[0]
  }
  return { at, call, machines, look }
}

test('a machine is launched, stopped, started, rebooted and deleted', async () => {
  const { at, call, machines, look } = await launched()
  expect(stateOfMachine(await look())).toBe('creating')
  await at.settle()
  expect(stateOfMachine(await look())).toBe('running')

  expect(await stopMachines.call(call, { machines })).toMatchObject({ ok: true })
  expect(stateOfMachine(await look())).toBe('stopping')
  await at.settle()
  expect(stateOfMachine(await look())).toBe('stopped')

  expect(await startMachines.call(call, { machines })).toMatchObject({ ok: true })
  await at.settle()
  expect(stateOfMachine(await look())).toBe('running')

  const reboot = await rebootMachines.call(call, { machines })
  await at.settle()
  at.rows.clock.at += 31_000
  at.ports.pokes.operations(Array.from({ length: 16 }, (_, i) => i))
  await at.settle()
  const operation = await at.ports.store.operations.find(reboot.ok ? (reboot.value.operations[0] ?? 'op_') : 'op_')
  expect(operation).toMatchObject({ value: { state: 'done' } })

  expect(await deleteMachines.call(call, { machines })).toMatchObject({ ok: true })
  expect(stateOfMachine(await look())).toBe('deleting')
  await at.settle()
  expect(stateOfMachine(await look())).toBe('gone')
  expect(at.database.look('SELECT * FROM allocation WHERE until IS NULL')).toEqual([])
  expect(at.database.look('SELECT * FROM port')).toEqual([])
  expect(at.database.look("SELECT id FROM operation WHERE state NOT IN ('done')")).toEqual([])
})

test('a machine that never ran frees everything, and says why', async () => {
  const { at, look } = await launched('broken')
  at.behaviour.set('broken', ({ generation }) => ({
    applied: generation,
    power: 'absent',
    addresses: [],
    fault: { code: 'invalid', message: 'the image does not boot' },
  }))
  await at.settle()
  const machine = await look()
  expect(stateOfMachine(machine)).toBe('failed')
  expect(machine.failure?.message).toBe('the image does not boot')
  expect(at.database.look('SELECT * FROM allocation WHERE until IS NULL')).toEqual([])
})

test('the same token launches once; with another request it is a conflict', async () => {
  const at = await world()
  const call = { ports: at.ports, principal: at.principal, token: 'once' }
  const first = await launchMachines.call(call, { image: at.rows.image, flavor: 't3.micro' })
  const again = await launchMachines.call(call, { image: at.rows.image, flavor: 't3.micro' })
  expect(again).toEqual(first)
  expect(at.database.look('SELECT id FROM machine')).toHaveLength(1)
  expect(await launchMachines.call(call, { image: at.rows.image, flavor: 't3.small' })).toMatchObject({
    fault: { code: 'conflict' },
  })
})

test('a guest that shuts itself down is stopped, not restarted', async () => {
  const { at, look } = await launched('quitter')
  at.behaviour.set('quitter', ({ generation, power }) => ({
    applied: generation,
    power: power === 'gone' ? 'absent' : 'stopped',
    cause: 'guest',
    addresses: [],
  }))
  at.behaviour.delete('quitter')
  await at.settle()
  at.behaviour.set('quitter', ({ generation }) => ({ applied: generation, power: 'stopped', cause: 'guest', addresses: [] }))
  at.ports.pokes.hosts(at.rows.hosts)
  await at.settle()
  const machine = await look()
  expect(machine.power).toBe('off')
  expect(stateOfMachine(machine)).toBe('stopped')
})

test('a machine is paused, suspended and resumed; asked again for what is so, or on its way, nothing is begun', async () => {
  const { at, call, machines, look } = await launched()
  expect(await pauseMachines.call(call, { machines })).toMatchObject({ fault: { code: 'precondition' } })
  await at.settle()
  for (const [verb, on, state] of [
    [pauseMachines, 'running', 'paused'],
    [suspendMachines, 'stopping', 'suspended'],
    [resumeMachines, 'starting', 'running'],
  ] as const) {
    expect(await verb.call(call, { machines })).toMatchObject({ value: { operations: [expect.any(String)] } })
    expect(stateOfMachine(await look())).toBe(on)
    expect(await verb.call(call, { machines })).toMatchObject({ value: { operations: [] } })
    await at.settle()
    expect(stateOfMachine(await look())).toBe(state)
    expect(await verb.call(call, { machines })).toMatchObject({ value: { operations: [] } })
  }
  must(await suspendMachines.call(call, { machines }))
  await at.settle()
  must(await startMachines.call(call, { machines }))
  await at.settle()
  expect(stateOfMachine(await look())).toBe('running')
  expect(at.database.look("SELECT id FROM operation WHERE state <> 'done'")).toEqual([])
})

test('a stop that is asked for while a machine is being suspended takes its place', async () => {
  const { at, call, machines, look } = await launched()
  await at.settle()
  must(await suspendMachines.call(call, { machines }))
  expect(must(await stopMachines.call(call, { machines })).operations).toHaveLength(1)
  await at.settle()
  expect(stateOfMachine(await look())).toBe('stopped')
})

test.each([
  ['running', 'on'],
  ['stopped', 'off'],
] as const)('where a suspend is refused by the host, the machine stays %s and is wanted so', async (power, wanted) => {
  const { at, call, machines, look } = await launched()
  await at.settle()
  at.behaviour.set('web', ({ generation }) => ({
    applied: generation,
    power,
    addresses: [],
    fault: { code: 'capacity', message: 'the host is out of disk space' },
  }))
  const { operations } = must(await suspendMachines.call(call, { machines }))
  await at.settle()
  const [operation] = operations
  expect(operation && must(await at.ports.store.operations.find(operation))).toMatchObject({
    state: 'failed',
    fault: { code: 'capacity' },
  })
  expect(await look()).toMatchObject({ power: wanted, generation: 3 })
  at.behaviour.delete('web')
})
