import type { Id } from '@sirocco/shared/kit/id.ts'
import { describe, expect, test } from 'vitest'
import { must } from '../../../test/contract/store/furnish.ts'
import { world } from '../../../test/support/world.ts'
import { stateOfVolume } from '../../domain/volumes/volume.ts'
import { captureImage } from '../images/capture.ts'
import { markImageForRescue } from '../images/for-rescue.ts'
import { createSnapshot } from '../snapshots/create.ts'
import { createVolume } from '../volumes/create.ts'
import { detachVolumes } from '../volumes/detach.ts'
import { deleteMachines } from './delete.ts'
import { launchMachines } from './launch.ts'
import { migrateMachine } from './migrate.ts'
import { rebuildMachine } from './rebuild.ts'
import { rescueMachine } from './rescue.ts'
import { resizeMachine } from './resize.ts'
import { snapshotMachine } from './snapshot.ts'
import { startMachines } from './start.ts'
import { stopMachines } from './stop.ts'
import { suspendMachines } from './suspend.ts'
import { unrescueMachine } from './unrescue.ts'

async function running() {
  const at = await world({ hosts: 1 })
  const call = { ports: at.ports, principal: at.principal }
  const launch = { image: at.rows.image, flavor: 't3.micro', volumes: [{ sizeMiB: 100 }] }
  const [machine = ''] = must(await launchMachines.call(call, launch)).machines
  await at.settle()
  const look = async () => {
    const [found] = must(await at.ports.store.machines.find('platform', [machine]))
    if (!found) throw new Error('gone')
    return found
  }
  const wanted = async () => {
    const { host } = await look()
    if (host === null) throw new Error('nowhere')
    return must(await at.ports.store.hosts.desired(host)).objects
  }
  const used = () => at.database.look('SELECT sum(diskMiB) AS n FROM allocation WHERE until IS NULL')[0]?.n
  const disks = async () => (await look()).volumes.map(({ id, device, boot }) => [id, device, boot])
  return { at, call, machine, look, wanted, used, disks }
}

/** Another image, with a kernel's words of its own. */
async function rescueImage({ at }: Awaited<ReturnType<typeof running>>): Promise<Id<'image'>> {
  const image = at.rows.ids.make('image')
  must(
    await at.ports.store.commit([
      {
        do: 'image.insert',
        image: {
          id: image,
          alias: `ami-${image.slice(4, 21)}`,
          project: null,
          name: 'rescue',
          description: '',
          architecture: 'x86_64',
          firmware: 'bios',
          minDiskMiB: 64,
          visibility: 'public',
          state: 'pending',
          origin: 'upload',
          source: { kind: 'upload', bytes: 1, partBytes: 1, checksum: null },
        },
      },
    ]),
  )
  at.database.look(`UPDATE image SET state = 'ready', cmdline = 'rescue' WHERE id = '${image}'`)
  return image
}

describe('a machine in rescue', () => {
  test('boots from a fresh disk with its own beside it, and comes back to that as it was', async () => {
    const there = await running()
    const { at, call, machine, look, disks, used } = there
    const [[own] = [], [further] = []] = await disks()
    const before = used()
    must(await rescueMachine.call(call, { machine }))
    await at.settle()
    const { rescueVolume, observed, power } = await look()
    expect([power, observed?.power]).toEqual(['on', 'running'])
    expect(new Set(await disks())).toEqual(
      new Set([
        [rescueVolume, 'vda', true],
        [own, 'vdaa', false],
        [further, 'vdc', false],
      ]),
    )
    expect(used()).toBeGreaterThan(Number(before))

    must(await unrescueMachine.call(call, { machine }))
    await at.settle()
    expect((await look()).observed?.power).toBe('running')
    expect(new Set(await disks())).toEqual(
      new Set([
        [own, 'vda', true],
        [further, 'vdc', false],
      ]),
    )
    const [gone, kept] = must(await at.ports.store.volumes.find('platform', [rescueVolume ?? '', own as string]))
    expect([gone && stateOfVolume(gone), kept && stateOfVolume(kept)]).toEqual(['gone', 'in-use'])
    expect(kept?.attachment?.deleteOnTermination).toBe(true)
    expect(used()).toBe(before)
  })

  test('may be stopped, started and stopped again, and is still in rescue', async () => {
    const { at, call, machine, look } = await running()
    must(await rescueMachine.call(call, { machine }))
    await at.settle()
    for (const verb of [stopMachines, startMachines]) {
      must(await verb.call(call, { machines: [machine] }))
      await at.settle()
      expect((await look()).rescueVolume).not.toBeNull()
    }
    expect(await rescueMachine.call(call, { machine })).toMatchObject({ fault: { key: 'machine.is_rescued' } })
  })

  test('is deleted with both of its disks', async () => {
    const { at, call, machine, used } = await running()
    must(await rescueMachine.call(call, { machine }))
    await at.settle()
    must(await deleteMachines.call(call, { machines: [machine] }))
    await at.settle()
    expect(used()).toBeNull()
  })

  test('refuses, with words, whatever would take one disk for the other', async () => {
    const { at, call, machine, look } = await running()
    must(await rescueMachine.call(call, { machine }))
    await at.settle()
    const admin = { ...call, principal: { ...at.principal, role: 'admin' } } as const
    const asked = [
      snapshotMachine.call(call, { machine }),
      resizeMachine.call(call, { machine, flavor: 't3.nano' }),
      rebuildMachine.call(call, { machine }),
      migrateMachine.call(admin, { machine }),
    ]
    for (const one of asked) expect(await one).toMatchObject({ fault: { code: 'precondition', key: 'machine.is_rescued' } })
    const { volumes } = await look()
    for (const { id: volume } of volumes.filter(({ device }) => device !== 'vdc')) {
      const refused = [
        createSnapshot.call(call, { volume }),
        createVolume.call(call, { volume }),
        captureImage.call(call, { volume, name: 'x' }),
        detachVolumes.call(call, { volumes: [volume] }),
      ]
      for (const one of refused) expect(await one).toMatchObject({ fault: { code: 'precondition', key: 'volume.in_rescue' } })
    }
    const further = volumes.find(({ device }) => device === 'vdc')?.id ?? ''
    must(await createSnapshot.call(call, { volume: further }))
    expect(await captureImage.call(call, { machine, name: 'x' })).toMatchObject({ fault: { key: 'volume.in_rescue' } })
  })
})

describe('going into rescue', () => {
  test('is from the image that is named, else from one that is marked for it, else from its own', async () => {
    const there = await running()
    const { at, call, machine, look, wanted } = there
    const boots = async () => (await wanted()).flatMap(one => (one.kind === 'machine' ? [one.image] : []))[0]
    must(await rescueMachine.call(call, { machine }))
    await at.settle()
    expect((await look()).rescueImage).toBe(at.rows.image)
    must(await unrescueMachine.call(call, { machine }))
    await at.settle()

    const image = await rescueImage(there)
    must(await rescueMachine.call(call, { machine, image }))
    await at.settle()
    expect(await boots()).toMatchObject({ id: image, cmdline: 'rescue' })
    must(await unrescueMachine.call(call, { machine }))
    await at.settle()
    expect(await boots()).toMatchObject({ id: at.rows.image })

    const admin = { ...call, principal: { ...at.principal, role: 'admin' } } as const
    must(await markImageForRescue.call(admin, { image, forRescue: true }))
    must(await rescueMachine.call(call, { machine }))
    await at.settle()
    expect((await look()).rescueImage).toBe(image)
  })

  test('is refused of what is suspended, never ran, or is not there; and of a machine that is not in it, leaving', async () => {
    const { at, call, machine } = await running()
    expect(await unrescueMachine.call(call, { machine })).toMatchObject({ fault: { key: 'machine.not_rescued' } })
    expect(await rescueMachine.call(call, { machine: 'vm_none' })).toMatchObject({ fault: { code: 'not_found' } })
    expect(await rescueMachine.call(call, { machine, image: 'ami-none' })).toMatchObject({ fault: { code: 'not_found' } })
    must(await suspendMachines.call(call, { machines: [machine] }))
    await at.settle()
    expect(await rescueMachine.call(call, { machine })).toMatchObject({ fault: { key: 'machine.is_suspended' } })
  })

  test('is refused where its host has no room for the disk, and leaves the machine running', async () => {
    const { at, call, machine, look } = await running()
    at.database.look('UPDATE host_observed SET diskMiB = 100')
    expect(await rescueMachine.call(call, { machine })).toMatchObject({ fault: { key: 'machine.rescue_no_room' } })
    expect((await look()).power).toBe('on')
  })

  test('is given up where something else is asked before the machine is off', async () => {
    const { at, call, machine, look, disks } = await running()
    const before = await disks()
    const [operation] = must(await rescueMachine.call(call, { machine })).operations
    must(await startMachines.call(call, { machines: [machine] }))
    await at.settle()
    expect(operation && must(await at.ports.store.operations.find(operation)).state).toBe('superseded')
    expect((await look()).rescueVolume).toBeNull()
    expect(await disks()).toEqual(before)
  })
})
