import { expect, test } from 'vitest'
import { must } from '../../../test/contract/store/furnish.ts'
import { world } from '../../../test/support/world.ts'
import { launchMachines } from '../machines/launch.ts'
import { resumeMachines } from '../machines/resume.ts'
import { suspendMachines } from '../machines/suspend.ts'
import { createSnapshot } from '../snapshots/create.ts'
import { attachVolume } from './attach.ts'
import { createVolume } from './create.ts'
import { detachVolumes } from './detach.ts'
import { growVolume } from './grow.ts'

test('what a suspended machine has is not changed until it is resumed, from the moment on that it is asked to sleep', async () => {
  const at = await world({ hosts: 1 })
  const call = { ports: at.ports, principal: at.principal }
  const [machine = ''] = must(await launchMachines.call(call, { image: at.rows.image, flavor: 't3.micro' })).machines
  await at.settle()
  const { volume } = must(await createVolume.call(call, { sizeMiB: 64 }))
  must(await attachVolume.call(call, { volume, machine }))
  await at.settle()
  const all = () =>
    Promise.all([
      growVolume.call(call, { volume, sizeMiB: 128 }),
      createSnapshot.call(call, { volume }),
      detachVolumes.call(call, { volumes: [volume] }),
    ])
  const refused = { ok: false, fault: { code: 'precondition', message: expect.stringContaining('resume or stop it first') } }

  must(await suspendMachines.call(call, { machines: [machine] }))
  expect(await all()).toMatchObject([refused, refused, refused])
  await at.settle()
  expect(await all()).toMatchObject([refused, refused, refused])

  must(await resumeMachines.call(call, { machines: [machine] }))
  await at.settle()
  must(await growVolume.call(call, { volume, sizeMiB: 128 }))
  await at.settle()
  must(await detachVolumes.call(call, { volumes: [volume] }))
})
