import { describe, expect, test } from 'vitest'
import { must } from '../../../test/contract/store/furnish.ts'
import { world } from '../../../test/support/world.ts'
import { stateOfVolume } from '../../domain/volumes/volume.ts'
import { createSnapshot } from '../snapshots/create.ts'
import { launchMachines } from './launch.ts'
import { rebuildMachine } from './rebuild.ts'
import { startMachines } from './start.ts'
import { stopMachines } from './stop.ts'

async function stopped(deleteRootDisk = true) {
  const at = await world({ hosts: 1 })
  const call = { ports: at.ports, principal: at.principal }
  const [machine = ''] = must(
    await launchMachines.call(call, { image: at.rows.image, flavor: 't3.micro', deleteRootDisk }),
  ).machines
  await at.settle()
  must(await stopMachines.call(call, { machines: [machine] }))
  await at.settle()
  const look = async () => {
    const [found] = must(await at.ports.store.machines.find('platform', [machine]))
    if (!found) throw new Error('gone')
    return found
  }
  const used = () => at.database.look('SELECT sum(diskMiB) AS n FROM allocation WHERE until IS NULL')[0]?.n
  return { at, call, machine, look, used }
}

describe('rebuilding a machine', () => {
  test('gives it a fresh volume to boot from, and takes the old one away with its claim', async () => {
    const { at, call, machine, look, used } = await stopped()
    const [old] = (await look()).volumes
    const before = used()
    const { volume } = must(await rebuildMachine.call(call, { machine }))
    expect((await look()).volumes).toMatchObject([{ id: volume, device: 'vda', boot: true, sizeMiB: old?.sizeMiB }])
    await at.settle()
    const [gone] = must(await at.ports.store.volumes.find('platform', [old?.id ?? '']))
    expect(gone && stateOfVolume(gone)).toBe('gone')
    expect(used()).toBe(before)
    must(await startMachines.call(call, { machines: [machine] }))
    await at.settle()
    expect((await look()).observed?.power).toBe('running')
  })

  test('goes back to a snapshot; a volume that is not its own is let go, and stays', async () => {
    const { at, call, machine, look } = await stopped(false)
    const [old] = (await look()).volumes
    const { snapshot } = must(await createSnapshot.call(call, { volume: old?.id ?? '' }))
    await at.settle()
    const { volume } = must(await rebuildMachine.call(call, { machine, snapshot }))
    await at.settle()
    const [back, kept] = must(await at.ports.store.volumes.find('platform', [volume, old?.id ?? '']))
    expect(back).toMatchObject({ sourceKind: 'snapshot', sourceSnapshot: snapshot, attachment: { machine, boot: true } })
    expect(kept && stateOfVolume(kept)).toBe('available')
  })

  test('is refused while it runs, from two things at once, and to less than it needs', async () => {
    const { at, call, machine } = await stopped()
    expect(await rebuildMachine.call(call, { machine, sizeMiB: 1 })).toMatchObject({
      fault: { code: 'invalid', field: 'sizeMiB' },
    })
    expect(await rebuildMachine.call(call, { machine, image: 'img_x', snapshot: 'snp_x' })).toMatchObject({
      fault: { code: 'invalid' },
    })
    must(await startMachines.call(call, { machines: [machine] }))
    await at.settle()
    expect(await rebuildMachine.call(call, { machine })).toMatchObject({
      fault: { code: 'precondition', message: expect.stringContaining('stop it first') },
    })
  })
})
