import type { Result } from '@sirocco/shared/kit/fault.ts'
import type { QuotaResource } from '@sirocco/shared/model/quota.ts'
import { beforeEach, describe, expect, test } from 'vitest'
import { type World, world } from '../../../test/support/world.ts'
import { refusalOf } from '../../dialects/ec2/faults.ts'
import { deleteMachines } from '../machines/delete.ts'
import { launchMachines } from '../machines/launch.ts'
import { resizeMachine } from '../machines/resize.ts'
import { stopMachines } from '../machines/stop.ts'
import { createSnapshot } from '../snapshots/create.ts'
import { createVolume } from '../volumes/create.ts'
import { growVolume } from '../volumes/grow.ts'
import { setQuota } from './set-quota.ts'
import { showQuota } from './show-quota.ts'

function must<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`refused: ${result.fault.code}: ${result.fault.message}`)
  return result.value
}

describe('a project\u2019s quota', () => {
  let w: World
  beforeEach(async () => {
    w = await world({ hosts: 2, cpus: 128, memoryMiB: 131_072 })
  })
  const call = () => ({ ports: w.ports, principal: w.principal })
  const launch = (count = 1) =>
    launchMachines.call(call(), { image: w.rows.image, flavor: 't3.pico', minCount: count, maxCount: count })
  const limit = async (limits: Partial<Record<QuotaResource, number | null>>) =>
    must(await setQuota.call(call(), { project: w.principal.project, limits }))
  const used = async (resource: QuotaResource) =>
    must(await showQuota.call(call(), { project: w.principal.project })).find(one => one.resource === resource)?.used

  test('lets exactly as many of 64 launches at once through', async () => {
    await limit({ machines: 10 })
    const answers = await Promise.all(Array.from({ length: 64 }, () => launch()))
    const refused = answers.flatMap(answer => (answer.ok ? [] : [answer.fault.key]))
    expect(answers.filter(answer => answer.ok)).toHaveLength(10)
    expect(new Set(refused)).toEqual(new Set(['quota.machines']))
    expect(await used('machines')).toBe(10)
  })

  test('refuses a launch of several as a whole, and nothing of it is left', async () => {
    await limit({ machines: 3 })
    expect(await launch(4)).toMatchObject({ fault: { code: 'quota', key: 'quota.machines' } })
    expect([await used('machines'), await used('volumes')]).toEqual([0, 0])
    must(await launch(3))
  })

  test('is free again in the batch that accepts a delete', async () => {
    await limit({ machines: 1 })
    const [machine = ''] = must(await launch()).machines
    expect((await launch()).ok).toBe(false)
    must(await deleteMachines.call(call(), { machines: [machine] }))
    must(await launch())
  })

  test('below what is used takes nothing away, and lets all go on that adds nothing', async () => {
    const machines = [...must(await launch(3)).machines]
    await w.settle()
    await limit({ machines: 1, vcpus: 1, memory: 1, volumes: 1, disk: 1, snapshots: 0 })
    expect(await launch()).toMatchObject({ fault: { code: 'quota' } })
    must(await stopMachines.call(call(), { machines, force: true }))
    await w.settle()
    expect(await used('machines')).toBe(3)
    await limit({ machines: null, vcpus: null, memory: null, volumes: null, disk: null })
    must(await launch())
  })

  test('counts what grows: a flavor, a volume, snapshots', async () => {
    const [machine = ''] = must(await launch()).machines
    await w.settle()
    must(await stopMachines.call(call(), { machines: [machine], force: true }))
    await w.settle()
    const [root] = must(await w.ports.store.volumes.list(w.rows.scope, { after: null, limit: 10 })).items
    if (!root) throw new Error('no root volume')
    await limit({ memory: (await used('memory')) ?? 0, disk: root.sizeMiB + 100, volumes: 2, snapshots: 0 })
    const resized = await resizeMachine.call(call(), { machine, flavor: 't3.medium' })
    expect(resized).toMatchObject({ fault: { key: 'quota.memory' } })
    expect(await createVolume.call(call(), { zone: 'test-1a', sizeMiB: 101 })).toMatchObject({ fault: { key: 'quota.disk' } })
    expect(await growVolume.call(call(), { volume: root.id, sizeMiB: root.sizeMiB + 101 })).toMatchObject({
      fault: { key: 'quota.disk' },
    })
    must(await createVolume.call(call(), { zone: 'test-1a', sizeMiB: 50 }))
    expect(await createVolume.call(call(), { zone: 'test-1a', sizeMiB: 50 })).toMatchObject({ fault: { key: 'quota.volumes' } })
    expect(await createSnapshot.call(call(), { volume: root.id })).toMatchObject({ fault: { key: 'quota.snapshots' } })
  })

  test('is said in the words of EC2', async () => {
    await limit({ vcpus: 0 })
    const refused = await launch()
    expect(refused.ok ? null : refusalOf(refused.fault, 'instance').code).toBe('VcpuLimitExceeded')
  })

  test('of another project is not there, but for admins', async () => {
    const owner = { ports: w.ports, principal: { ...w.principal, role: 'owner' as const } }
    expect(await showQuota.call(owner, { project: 'prj_other' })).toMatchObject({ fault: { code: 'not_found' } })
    expect((await showQuota.call(owner, { project: w.principal.project })).ok).toBe(true)
    expect((await showQuota.call(call(), { project: w.principal.projectName })).ok).toBe(true)
  })
})
