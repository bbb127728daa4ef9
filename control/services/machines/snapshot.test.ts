import { describe, expect, test } from 'vitest'
import { must } from '../../../test/contract/store/furnish.ts'
import { world } from '../../../test/support/world.ts'
import { createSnapshot } from '../snapshots/create.ts'
import { deleteSnapshots } from '../snapshots/delete.ts'
import { attachVolume } from '../volumes/attach.ts'
import { createVolume } from '../volumes/create.ts'
import { detachVolumes } from '../volumes/detach.ts'
import { revertVolume } from '../volumes/revert.ts'
import { launchMachines } from './launch.ts'
import { revertMachine } from './revert.ts'
import { snapshotMachine } from './snapshot.ts'
import { startMachines } from './start.ts'
import { stopMachines } from './stop.ts'

async function withTwoVolumes() {
  const at = await world({ hosts: 1 })
  const call = { ports: at.ports, principal: at.principal }
  const [machine = ''] = must(await launchMachines.call(call, { image: at.rows.image, flavor: 't3.micro' })).machines
  await at.settle()
  const { volume: data } = must(await createVolume.call(call, { sizeMiB: 64 }))
  must(await attachVolume.call(call, { volume: data, machine }))
  await at.settle()
  const turnsOf = () => at.database.look('SELECT id, revertTurn FROM volume ORDER BY id').map(row => row.revertTurn)
  const ends = (operations: readonly string[]) =>
    Promise.all(
      operations.map(
        async id => must(await at.ports.store.operations.find(id as Parameters<typeof at.ports.store.operations.find>[0])).state,
      ),
    )
  return { at, call, machine, data, turnsOf, ends }
}

describe('a machine kept at one moment', () => {
  test('has one snapshot of each volume, and goes back to all of them by any while it is off', async () => {
    const { at, call, machine, turnsOf, ends } = await withTwoVolumes()
    const { moment, snapshots, operations } = must(await snapshotMachine.call(call, { machine, name: 'before' }))
    expect(snapshots).toHaveLength(2)
    expect(snapshots[0]).toBe(moment)
    await at.settle()
    expect(await ends(operations)).toEqual(['done', 'done'])
    const kept = must(await at.ports.store.snapshots.ofMoment('platform', moment))
    expect(kept.map(({ name, moment }) => [name, moment])).toEqual([
      ['before', moment],
      ['before', moment],
    ])
    const [, other = ''] = snapshots
    expect(await revertMachine.call(call, { machine, snapshot: other })).toMatchObject({ fault: { code: 'precondition' } })
    must(await stopMachines.call(call, { machines: [machine] }))
    await at.settle()
    const back = must(await revertMachine.call(call, { machine, snapshot: other }))
    await at.settle()
    expect(await ends(back.operations)).toEqual(['done', 'done'])
    expect(turnsOf().every(turn => turn !== null)).toBe(true)
    must(await startMachines.call(call, { machines: [machine] }))
    await at.settle()
  })

  test('does not go back in part: not without a volume that was kept, nor by the snapshot of one volume', async () => {
    const { at, call, machine, data, turnsOf } = await withTwoVolumes()
    const { moment } = must(await snapshotMachine.call(call, { machine }))
    const { snapshot } = must(await createSnapshot.call(call, { volume: data }))
    await at.settle()
    must(await stopMachines.call(call, { machines: [machine] }))
    must(await detachVolumes.call(call, { volumes: [data] }))
    await at.settle()
    expect(await revertMachine.call(call, { machine, snapshot: moment })).toMatchObject({ fault: { code: 'precondition' } })
    expect(await revertMachine.call(call, { machine, snapshot })).toMatchObject({ fault: { code: 'precondition' } })
    expect(turnsOf()).toEqual([null, null])
  })
})

describe('a volume that goes back', () => {
  test('does so only to its own snapshots, which are not deleted before it has', async () => {
    const { at, call, machine, data } = await withTwoVolumes()
    const { snapshots } = must(await snapshotMachine.call(call, { machine }))
    const [ofRoot = '', ofData = ''] = snapshots
    await at.settle()
    expect(await revertVolume.call(call, { volume: data, snapshot: ofData })).toMatchObject({ fault: { code: 'precondition' } })
    must(await stopMachines.call(call, { machines: [machine] }))
    await at.settle()
    expect(await revertVolume.call(call, { volume: data, snapshot: ofRoot })).toMatchObject({ fault: { code: 'invalid' } })
    must(await revertVolume.call(call, { volume: data, snapshot: ofData }))
    expect(await deleteSnapshots.call(call, { snapshots: [ofData] })).toMatchObject({ fault: { code: 'conflict' } })
    await at.settle()
    must(await deleteSnapshots.call(call, { snapshots: [ofData] }))
  })
})
