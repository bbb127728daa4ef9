import { refuse } from '@sirocco/shared/kit/fault.ts'
import { expect, test } from 'vitest'
import { must } from '../../../test/contract/store/furnish.ts'
import { world } from '../../../test/support/world.ts'
import { launchMachines } from '../machines/launch.ts'
import { rebootMachines } from '../machines/reboot.ts'
import { startMachines } from '../machines/start.ts'
import { stopMachines } from '../machines/stop.ts'
import { cancelOperation } from './cancel.ts'
import { findOperation } from './find.ts'
import { retryOperation } from './retry.ts'

const launched = async () => {
  const at = await world()
  const call = { ports: at.ports, principal: { ...at.principal, role: 'owner' as const } }
  const { machines } = must(await launchMachines.call(call, { image: at.rows.image, flavor: 't3.micro', name: 'm' }))
  const [machine = ''] = machines
  const newest = async () => {
    const [operation] = must(await at.ports.store.operations.list(at.rows.scope, machine, { after: null, limit: 1 })).items
    if (!operation) throw new Error('an operation')
    return operation
  }
  return { at, call, machine, newest }
}

test('an operation says since when it waits at a step, however often it looks', async () => {
  const { at, newest } = await launched()
  at.behaviour.set('m', () => ({ applied: 0, power: 'absent', addresses: [], progress: `fetching ${at.rows.clock.at}` }))
  const begun = at.rows.clock.at
  await at.settle()
  at.rows.clock.at += 60_000
  await at.settle()
  expect(await newest()).toMatchObject({ state: 'parked', waitingSince: begun })
})

test('a reboot that waits for a host is cancelled, and nobody sends its command again', async () => {
  const { at, call, machine, newest } = await launched()
  await at.settle()
  Object.assign(at.ports.links, { send: async () => refuse('unavailable', 'not linked') })
  must(await rebootMachines.call(call, { machines: [machine] }))
  await at.settle()
  const { id } = await newest()
  expect(must(await cancelOperation.call(call, { operation: id })).operations).toEqual([id])
  await at.settle()
  expect(await newest()).toMatchObject({ id, state: 'cancelled', fault: { code: 'conflict' } })
  expect(must(await at.ports.store.commands.pending(at.rows.hosts, 0))).toEqual([])
  // What was cancelled can be asked again.
  expect(must(await retryOperation.call(call, { operation: id })).operations).not.toEqual([id])
})

test('what failed is asked again by an operation of its own, unless something newer was asked', async () => {
  const { at, call, machine, newest } = await launched()
  await at.settle()
  must(await stopMachines.call(call, { machines: [machine] }))
  await at.settle()
  at.behaviour.set('m', ({ generation }) => ({
    applied: generation,
    power: 'stopped',
    cause: 'asked',
    addresses: [],
    fault: { code: 'internal', message: 'no' },
  }))
  must(await startMachines.call(call, { machines: [machine] }))
  await at.settle()
  const failed = await newest()
  expect(failed).toMatchObject({ kind: 'machine.start', state: 'failed' })
  at.behaviour.clear()
  at.rows.clock.at += 1
  const [again] = must(await retryOperation.call(call, { operation: failed.id })).operations
  await at.settle()
  expect(await newest()).toMatchObject({ id: again, kind: 'machine.start', state: 'done' })
  expect(await retryOperation.call(call, { operation: failed.id })).toMatchObject({
    fault: { code: 'precondition', message: expect.stringContaining('newer') },
  })
})

test('a launch is cancelled by deleting its machine', async () => {
  const { at, call, machine, newest } = await launched()
  const { id } = await newest()
  at.rows.clock.at += 1
  const { operations } = must(await cancelOperation.call(call, { operation: id }))
  await at.settle()
  expect(await newest()).toMatchObject({ id: operations[0], kind: 'machine.delete', subject: machine, state: 'done' })
  expect(must(await findOperation.call(call, { operation: id })).operation.state).toBe('superseded')
})

test('an operation of another project is not found, and its log is for admins alone', async () => {
  const { at, call, newest } = await launched()
  const { id } = await newest()
  const stranger = { ...call, principal: { ...call.principal, project: 'prj_other' as const } }
  for (const verb of [findOperation, retryOperation, cancelOperation])
    expect(await verb.call(stranger, { operation: id })).toMatchObject({ fault: { code: 'not_found' } })
  await at.settle()
  expect(must(await findOperation.call(call, { operation: id })).log).toBeNull()
  const admin = { ...stranger, principal: { ...stranger.principal, role: 'admin' as const } }
  expect(must(await findOperation.call(admin, { operation: id })).log?.length).toBeGreaterThan(0)
})
