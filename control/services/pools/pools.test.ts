import type { Fault, Result } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { beforeEach, describe, expect, test } from 'vitest'
import { type World, world } from '../../../test/support/world.ts'
import { stateOfVolume } from '../../domain/volumes/volume.ts'
import { observe } from '../agents/observe.ts'
import { projectHost } from '../hosts/projection.ts'
import { deleteMachines } from '../machines/delete.ts'
import { launchMachines } from '../machines/launch.ts'
import { snapshotMachine } from '../machines/snapshot.ts'
import { attachVolume } from '../volumes/attach.ts'
import { createVolume } from '../volumes/create.ts'
import { deleteVolumes } from '../volumes/delete.ts'
import { detachVolumes } from '../volumes/detach.ts'
import { growVolume } from '../volumes/grow.ts'
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
  let seq = 1_000
  beforeEach(async () => {
    w = await world({ hosts: 1 })
  })
  const call = () => ({ ports: w.ports, principal: w.principal })
  /** Made, and its hosts say that it is there. */
  const make = async (name = 'fast', path = '/srv/fast', type: 'directory' | 'nfs' = 'directory') => {
    const made = await createPool.call(call(), { name, path, type })
    if (made.ok) for (const host of w.rows.hosts) must(await says(host, made.value.pool))
    return made
  }
  const says = (host: Id<'host'>, pool: string, more: { totalMiB?: number; fault?: Fault } = {}) =>
    observe(w.ports, host, {
      ...{ epoch: 1, seq: ++seq, base: null, gone: [] },
      changed: [{ kind: 'pool', id: pool, totalMiB: 2_560, ...more }],
    })
  const away: Fault = { code: 'unavailable', message: 'mount it' }
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

  const launched = async (pool: string, more: object = {}) =>
    launchMachines.call(call(), { image: w.rows.image, flavor: 't3.pico', pool, ...more })

  test('a machine goes only where its pool is, and while it has room there; the own disk of the host is not asked', async () => {
    const { pool } = must(await make())
    const [host] = w.rows.hosts
    if (!host) throw new Error('no host')
    must(await says(host, pool, { fault: away }))
    expect(await launched('fast')).toMatchObject({ fault: { code: 'capacity' } })
    must(await says(host, pool))
    must(await launched('fast', { volumes: [{ sizeMiB: 8_000 }] }))
    expect(await launched('fast', { volumes: [{ sizeMiB: 8_000 }] })).toMatchObject({ fault: { code: 'capacity' } })
    must(await launched('local', { volumes: [{ sizeMiB: 8_000 }] }))
    const { hosts } = must(await showPool.call(call(), { pool }))
    expect(hosts).toMatchObject([{ totalMiB: 2_560, fault: null }])
    const [{ claimedMiB } = { claimedMiB: 0 }] = hosts
    expect(claimedMiB).toBeGreaterThanOrEqual(8_000)
    const [one] = must(await w.ports.store.hosts.find([host]))
    expect(one?.used.diskMiB).toBeLessThan(10_000)
  })

  test('a volume of a pool grows within the pool', async () => {
    const { pool } = must(await make())
    const [machine = ''] = must(await launched('fast')).machines
    await w.settle()
    const { volume } = must(await createVolume.call(call(), { sizeMiB: 1_000, pool }))
    must(await attachVolume.call(call(), { volume, machine }))
    await w.settle()
    expect(await growVolume.call(call(), { volume, sizeMiB: 20_000 })).toMatchObject({ fault: { code: 'capacity' } })
    must(await growVolume.call(call(), { volume, sizeMiB: 2_000 }))
  })
})

describe('a pool in Ceph', () => {
  const key = `${'AQ'.repeat(19)}==`
  const ceph = { monitors: ['10.0.0.1', 'ceph2.example.org:6789'], user: 'sirocco', key }
  let w: World
  beforeEach(async () => {
    w = await world({ hosts: 2 })
  })
  const call = () => ({ ports: w.ports, principal: w.principal })
  const make = (more: object = {}) => createPool.call(call(), { name: 'ceph', type: 'rbd', path: 'vms', ceph, ...more })
  const poolsOf = async (host: Id<'host'>) =>
    must(await w.ports.store.hosts.desired(host)).objects.flatMap(object => ('pool' in object ? [object.pool] : []))

  test('tells every host of its zone where that is, and the key once; nobody else is shown the key', async () => {
    const { pool } = must(await make())
    must(await createVolume.call(call(), { sizeMiB: 8, pool }))
    for (const host of w.rows.hosts) {
      const reach = { type: 'rbd', id: pool, path: 'vms', monitors: ceph.monitors, user: 'sirocco' }
      expect((await poolsOf(host)).find(({ id }) => id === pool)).toEqual({ ...reach, key })
      must(
        await observe(w.ports, host, {
          ...{ epoch: 1, seq: 1_000, base: null, gone: [] },
          changed: [{ kind: 'pool', id: pool, totalMiB: 20_000 }],
        }),
      )
    }
    must(await launchMachines.call(call(), { image: w.rows.image, flavor: 't3.pico', pool }))
    const told = (await Promise.all(w.rows.hosts.map(poolsOf))).flat().filter(({ id }) => id === pool)
    expect(told.filter(one => 'key' in one && one.key !== undefined)).toHaveLength(w.rows.hosts.length)
    expect(told).toHaveLength(w.rows.hosts.length + 1)
    const [host = ''] = w.rows.hosts
    expect(JSON.stringify(must(await projectHost.call(call(), { host })))).not.toContain(key)
    expect(JSON.stringify(must(await showPool.call(call(), { pool })))).not.toContain(key)
    expect(JSON.stringify(must(await listPools.call(call(), {})))).not.toContain(key)
  })

  test('is counted once for all hosts, as it says how large it is', async () => {
    const { pool } = must(await make())
    for (const host of w.rows.hosts)
      must(
        await observe(w.ports, host, {
          ...{ epoch: 1, seq: 1_000, base: null, gone: [] },
          changed: [{ kind: 'pool', id: pool, totalMiB: 2_560 }],
        }),
      )
    const wanted = { image: w.rows.image, flavor: 't3.pico', pool, volumes: [{ sizeMiB: 7_000 }] }
    must(await launchMachines.call(call(), wanted))
    expect(await launchMachines.call(call(), wanted)).toMatchObject({ fault: { code: 'capacity' } })
  })

  test('another key is told to hosts; what it says of other pools is refused', async () => {
    const { pool } = must(await make())
    const other = `${'BQ'.repeat(19)}==`
    const [host] = w.rows.hosts
    if (!host) throw new Error('no host')
    const before = must(await w.ports.store.hosts.desired(host)).revision
    must(await changePool.call(call(), { pool, ceph: { monitors: ['10.0.0.9'], user: 'cloud', key: other } }))
    expect((await poolsOf(host)).find(({ id }) => id === pool)).toMatchObject({
      ...{ monitors: ['10.0.0.9'], user: 'cloud', key: other },
    })
    expect(must(await w.ports.store.hosts.desired(host)).revision).toBeGreaterThan(before)
    const directory = must(await createPool.call(call(), { name: 'fast', path: '/srv/fast' }))
    expect(await changePool.call(call(), { ...directory, ceph })).toMatchObject({ fault: { code: 'invalid', field: 'ceph' } })
  })

  test.each([
    ['without its Ceph', { ceph: undefined }, 'ceph'],
    ['in a directory', { path: '/srv/vms' }, 'path'],
    ['with an option in its name', { path: 'vms:conf=x' }, 'path'],
    ['with a monitor that is none', { ceph: { ...ceph, monitors: ['10.0.0.1 -x'] } }, 'ceph.monitors.0'],
    ['with a user of many words', { ceph: { ...ceph, user: 'a b' } }, 'ceph.user'],
    ['with half a key', { ceph: { ...ceph, key: 'AQ==' } }, 'ceph.key'],
    ['that is a directory with a Ceph', { type: 'directory', path: '/srv/x' }, 'ceph'],
  ])('one %s is refused', async (_, more, field) => {
    expect(await make(more)).toMatchObject({ fault: { code: 'invalid', field } })
  })

  test('a machine whose volumes lie partly in it is not kept at one moment', async () => {
    const { pool } = must(await make())
    for (const host of w.rows.hosts)
      must(
        await observe(w.ports, host, {
          ...{ epoch: 1, seq: 1_000, base: null, gone: [] },
          changed: [{ kind: 'pool', id: pool, totalMiB: 20_000 }],
        }),
      )
    const launch = async (more: object) => {
      const wanted = { image: w.rows.image, flavor: 't3.pico', pool, ...more }
      const [machine = ''] = must(await launchMachines.call(call(), wanted)).machines
      await w.settle()
      return machine
    }
    must(await snapshotMachine.call(call(), { machine: await launch({ volumes: [{ sizeMiB: 8 }] }) }))
    const mixed = await launch({})
    const { volume } = must(await createVolume.call(call(), { sizeMiB: 8, pool: 'local' }))
    must(await attachVolume.call(call(), { volume, machine: mixed }))
    await w.settle()
    expect(await snapshotMachine.call(call(), { machine: mixed })).toMatchObject({ fault: { code: 'unsupported' } })
  })

  test('two of a zone do not lie in one pool of Ceph', async () => {
    must(await make())
    expect(await make({ name: 'other' })).toMatchObject({ fault: { code: 'already_exists', field: 'path' } })
  })
})

describe('a shared pool', () => {
  let w: World
  let pool = ''
  beforeEach(async () => {
    w = await world({ hosts: 2 })
    pool = must(await createPool.call(call(), { name: 'shared', path: '/mnt/shared', type: 'nfs' })).pool
    for (const host of w.rows.hosts)
      must(
        await observe(w.ports, host, {
          ...{ epoch: 1, seq: 1_000, base: null, gone: [] },
          changed: [{ kind: 'pool', id: pool, totalMiB: 2_560 }],
        }),
      )
  })
  const call = () => ({ ports: w.ports, principal: w.principal })
  const launch = async (more: object = {}) => {
    const [id = ''] = must(
      await launchMachines.call(call(), { image: w.rows.image, flavor: 't3.pico', pool: 'shared', ...more }),
    ).machines
    await w.settle()
    return id
  }
  const machineOf = async (id: string) => {
    const [machine] = must(await w.ports.store.machines.find('platform', [id]))
    if (!machine?.host) throw new Error('nowhere')
    return { ...machine, host: machine.host }
  }
  const wanted = async (host: Id<'host'>, id: string) =>
    must(await w.ports.store.hosts.desired(host)).objects.find(object => object.kind === 'volume' && object.id === id)

  test('is counted once, whichever host has what lies in it', async () => {
    await launch({ volumes: [{ sizeMiB: 7_000 }] })
    expect(
      await launchMachines.call(call(), { image: w.rows.image, flavor: 't3.pico', pool, volumes: [{ sizeMiB: 7_000 }] }),
    ).toMatchObject({
      fault: { code: 'capacity' },
    })
    const { hosts } = must(await showPool.call(call(), { pool }))
    expect(hosts.map(({ claimedMiB }) => claimedMiB)).toEqual([hosts[0]?.claimedMiB, hosts[0]?.claimedMiB])
  })

  test('a free volume of it goes to a machine of another host: that takes it as it is, the one before lets go of it', async () => {
    const first = await machineOf(await launch())
    let second = first
    for (let tries = 0; second.host === first.host && tries < 20; tries++) second = await machineOf(await launch())
    const { volume } = must(await createVolume.call(call(), { sizeMiB: 8, pool }))
    must(await attachVolume.call(call(), { volume, machine: first.id }))
    await w.settle()
    must(await detachVolumes.call(call(), { volumes: [volume] }))
    await w.settle()
    if (first.host === second.host) throw new Error('both are on one host')
    must(await attachVolume.call(call(), { volume, machine: second.id }))
    expect(await wanted(first.host, volume)).toMatchObject({ gone: true, elsewhere: true })
    expect(await wanted(second.host, volume)).toMatchObject({ gone: false, source: { from: 'found' } })
    await w.settle()
    const [found] = must(await w.ports.store.volumes.find('platform', [volume]))
    expect(found).toMatchObject({ host: second.host, attachment: { machine: second.id } })
    expect(found && stateOfVolume(found)).toBe('in-use')
    must(await deleteMachines.call(call(), { machines: [second.id] }))
    await w.settle()
    expect(await wanted(first.host, volume)).toBeUndefined()
  })

  test('deleted, what lay in it is removed for good', async () => {
    const { id: machine, host } = await machineOf(await launch())
    const { volume } = must(await createVolume.call(call(), { sizeMiB: 8, pool }))
    must(await attachVolume.call(call(), { volume, machine }))
    await w.settle()
    must(await detachVolumes.call(call(), { volumes: [volume] }))
    await w.settle()
    must(await deleteVolumes.call(call(), { volumes: [volume] }))
    expect(await wanted(host, volume)).toMatchObject({ gone: true })
    expect(await wanted(host, volume)).not.toHaveProperty('elsewhere')
  })
})
