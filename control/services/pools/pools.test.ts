import type { Result } from '@sirocco/shared/kit/fault.ts'
import { beforeEach, describe, expect, test } from 'vitest'
import { type World, world } from '../../../test/support/world.ts'
import { launchMachines } from '../machines/launch.ts'
import { createVolume } from '../volumes/create.ts'
import { changePool } from './change.ts'
import { createPool } from './create.ts'
import { deletePool } from './delete.ts'
import { listPools } from './list.ts'
import { showPool } from './show.ts'

function must<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`refused: ${result.fault.code}: ${result.fault.message}`)
  return result.value
}

describe('storage pools of a zone', () => {
  let w: World
  beforeEach(async () => {
    w = await world({ hosts: 1 })
  })
  const call = () => ({ ports: w.ports, principal: w.principal })
  const make = (name = 'fast', path = '/srv/fast') => createPool.call(call(), { name, path })
  const named = async (name: string) => must(await listPools.call(call(), {})).find(pool => pool.name === name)

  test('a volume lies in the pool that is named, by name or id, or in the default one', async () => {
    const { pool } = must(await make())
    const ids = [
      must(await createVolume.call(call(), { sizeMiB: 8, pool: 'fast' })).volume,
      must(await createVolume.call(call(), { sizeMiB: 8, pool })).volume,
      must(await createVolume.call(call(), { sizeMiB: 8 })).volume,
    ]
    const volumes = must(await w.ports.store.volumes.find('platform', ids))
    expect(volumes.map(volume => volume.pool.name)).toEqual(['fast', 'fast', 'local'])
    expect(must(await showPool.call(call(), { pool })).use).toEqual({ volumes: 2, snapshots: 0, sizeMiB: 16 })
  })

  test('what a machine is launched with lies in the pool that the launch names, and its host is told where that is', async () => {
    must(await make())
    const wanted = { image: w.rows.image, flavor: 't3.pico', pool: 'fast', volumes: [{ sizeMiB: 8 }] }
    const [machine = ''] = must(await launchMachines.call(call(), wanted)).machines
    const [found] = must(await w.ports.store.machines.find('platform', [machine]))
    const volumes = must(await w.ports.store.volumes.find('platform', found?.volumes.map(({ id }) => id) ?? []))
    expect(volumes.map(volume => volume.pool.name)).toEqual(['fast', 'fast'])
    const [host] = must(await w.ports.store.hosts.list({ after: null, limit: 1 })).items
    const { objects } = must(await w.ports.store.hosts.desired(host?.id ?? 'hst_'))
    expect(objects.flatMap(object => (object.kind === 'volume' ? [object.pool.path] : []))).toEqual(['/srv/fast', '/srv/fast'])
  })

  test('a pool that the zone does not have is no place', async () => {
    expect(await createVolume.call(call(), { sizeMiB: 8, pool: 'none' })).toMatchObject({
      fault: { code: 'not_found', field: 'pool' },
    })
  })

  test('another pool becomes the default, and the one before is it no longer', async () => {
    const { pool } = must(await make())
    must(await changePool.call(call(), { pool, isDefault: true, name: 'quick' }))
    expect([(await named('quick'))?.isDefault, (await named('local'))?.isDefault]).toEqual([true, false])
    must(await changePool.call(call(), { pool, isDefault: true }))
    const { volume } = must(await createVolume.call(call(), { sizeMiB: 8 }))
    expect(must(await w.ports.store.volumes.find('platform', [volume]))[0]?.pool.name).toBe('quick')
  })

  test('neither name nor directory is given twice in a zone', async () => {
    must(await make())
    expect(await make('fast', '/srv/other')).toMatchObject({ fault: { code: 'already_exists', field: 'name' } })
    expect(await make('other', '/srv/fast')).toMatchObject({ fault: { code: 'already_exists', field: 'path' } })
    const both = await Promise.all([make('same', '/srv/one'), make('same', '/srv/two')])
    expect(both.filter(made => made.ok)).toHaveLength(1)
  })

  test.each(['srv/x', '/', '/etc/x', '/srv/../etc', '/srv/x/', '/srv//x', '/srv/a b', '/tmp/x', '/proc/1'])(
    'the directory %s is refused',
    async path => {
      expect(await make('fast', path)).toMatchObject({ fault: { code: 'invalid', field: 'path' } })
    },
  )

  test('a pool is deleted only when nothing lies in it and it is not the default', async () => {
    const { pool } = must(await make())
    must(await createVolume.call(call(), { sizeMiB: 8, pool }))
    expect(await deletePool.call(call(), { pool })).toMatchObject({ fault: { code: 'precondition' } })
    const local = await named('local')
    expect(await deletePool.call(call(), { pool: local?.id ?? '' })).toMatchObject({ fault: { code: 'precondition' } })
    const empty = must(await make('empty', '/srv/empty'))
    expect(must(await deletePool.call(call(), empty)).deleted).toBe(true)
    expect(must(await deletePool.call(call(), empty)).deleted).toBe(false)
  })

  test("the agents' own directory stays, also where another pool is the default", async () => {
    const { pool } = must(await make())
    must(await changePool.call(call(), { pool, isDefault: true }))
    const local = await named('local')
    expect(await deletePool.call(call(), { pool: local?.id ?? '' })).toMatchObject({ fault: { code: 'precondition' } })
  })

  test('a volume that is put into a pool while that is deleted leaves no volume without a pool', async () => {
    const { pool } = must(await make())
    const [made, gone] = await Promise.all([createVolume.call(call(), { sizeMiB: 8, pool }), deletePool.call(call(), { pool })])
    expect([made.ok, gone.ok].filter(Boolean)).toHaveLength(1)
  })
})
