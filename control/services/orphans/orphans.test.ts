import type { Id } from '@sirocco/shared/kit/id.ts'
import type { Seen, WantedMachine } from '@sirocco/shared/wire/objects.ts'
import { expect, test } from 'vitest'
import { must } from '../../../test/contract/store/furnish.ts'
import { world } from '../../../test/support/world.ts'
import type { Principal } from '../../domain/access/principal.ts'
import { stateOfMachine } from '../../domain/machines/machine.ts'
import { observe } from '../agents/observe.ts'
import { deleteMachines } from '../machines/delete.ts'
import { startMachines } from '../machines/start.ts'
import { adoptOrphan } from './adopt.ts'
import { listOrphans } from './list.ts'
import { removeOrphan } from './remove.ts'

/** A host that tells of a machine with two disks, which nobody here knows of. */
async function stranger({ image = true, power = 'running' as 'running' | 'stopped' } = {}) {
  const at = await world({ hosts: 2 })
  const principal: Principal = { ...at.principal, role: 'admin' }
  const call = { ports: at.ports, principal }
  const { store } = at.ports
  const [host] = at.rows.hosts
  if (!host) throw new Error('no host')
  const machine = at.rows.ids.make('machine')
  const volumes = ['vda', 'vdc'].map(device => ({ id: at.rows.ids.make('volume'), device, sizeMiB: 512, generation: 6 }))
  let seq = 100
  const tell = async (changed: readonly Seen[]) =>
    must(await observe(at.ports, host, { epoch: 1, seq: ++seq, base: 'x', changed: [...changed], gone: [] }))
  const found = {
    ...{ generation: 7, name: 'lost', vcpus: 2, memoryMiB: 1024, firmware: 'bios' as const, volumes },
    ...(image ? { image: at.rows.image } : {}),
    ports: [{ mac: '02:00:00:00:00:05' }],
  }
  const seen: Seen = { kind: 'machine', id: machine, applied: -1, power, addresses: [], found }
  await tell([seen])
  const list = async () => must(await listOrphans.call(call, { host, after: null, limit: 10 })).items
  const [orphan] = await list()
  if (!orphan) throw new Error('it is not told of')
  const wanted = async () =>
    must(await store.hosts.desired(host)).objects.filter((object): object is WantedMachine => object.kind === 'machine')
  const look = async () => must(await store.machines.find('platform', [machine]))[0]
  return { at, call, store, host, machine, volumes, orphan, list, tell, seen, wanted, look }
}

test('a machine that nobody asks for is told of with what it is made of, and since when', async () => {
  const { at, list, orphan, machine, tell, seen } = await stranger()
  expect(orphan).toMatchObject({ machine, power: 'running', removing: false, found: { name: 'lost', vcpus: 2 } })
  at.rows.clock.at += 60_000
  await tell([{ ...seen, power: 'stopped' } as Seen])
  expect(await list()).toMatchObject([{ id: orphan.id, power: 'stopped', at: orphan.at }])
})

test('adopted, it is a machine of the project as it is, counted on its host, and nothing is asked of it', async () => {
  const { at, call, host, machine, volumes, orphan, list, wanted, look } = await stranger()
  const before = must(await at.ports.store.hosts.find([host]))[0]?.used
  const { operation } = must(await adoptOrphan.call(call, { host, orphan: orphan.id, project: at.principal.project }))
  expect(await list()).toEqual([])
  expect(await wanted()).toMatchObject([
    { id: machine, generation: 8, power: 'as-is', vcpus: 2, ports: [{ mac: '02:00:00:00:00:05' }] },
  ])
  await at.settle()
  expect(at.database.look('SELECT state FROM operation WHERE id = ?', operation)).toEqual([{ state: 'done' }])
  const found = await look()
  if (!found) throw new Error('gone')
  expect([stateOfMachine(found), found.name, found.host]).toEqual(['running', 'lost', host])
  expect(found.volumes.map(({ id, device }) => ({ id, device }))).toEqual(volumes.map(({ id, device }) => ({ id, device })))
  expect(must(await at.ports.store.hosts.find([host]))[0]?.used).toEqual({
    vcpus: (before?.vcpus ?? 0) + 2,
    memoryMiB: (before?.memoryMiB ?? 0) + 1024,
    diskMiB: (before?.diskMiB ?? 0) + 1024,
  })
  // Its owner acts.
  must(await startMachines.call(call, { machines: [machine] }))
  expect(await wanted()).toMatchObject([{ generation: 9, power: 'on' }])
  await at.settle()
  must(await deleteMachines.call(call, { machines: [machine] }))
  await at.settle()
  expect((await look())?.goneAt).not.toBeNull()
})

test('an adoption says what it lacks: the image, room, and disks that are nobody else', async () => {
  const { at, call, host, orphan, volumes } = await stranger({ image: false })
  const adopt = (image?: string) =>
    adoptOrphan.call(call, { host, orphan: orphan.id, project: at.principal.project, ...(image ? { image } : {}) })
  expect(await adopt()).toMatchObject({ ok: false, fault: { code: 'invalid', field: 'image' } })
  expect(await adoptOrphan.call(call, { host, orphan: orphan.id, project: 'nobodys', image: at.rows.image })).toMatchObject({
    ok: false,
    fault: { code: 'not_found' },
  })
  await at.database.execute({ sql: 'UPDATE host SET memoryRatio = 0.01 WHERE id = ?', args: [host] })
  expect(await adopt(at.rows.image)).toMatchObject({ ok: false, fault: { code: 'capacity' } })
  await at.database.execute({ sql: 'UPDATE host SET memoryRatio = 1 WHERE id = ?', args: [host] })
  const [root] = volumes
  if (!root) throw new Error('no volume')
  const pool = at.database.look('SELECT id FROM storage_pool')[0]?.id as Id<'storagePool'>
  must(
    await at.ports.store.commit([
      {
        do: 'volume.adopt',
        generation: 1,
        volume: {
          ...{ id: root.id, alias: 'vol-1', project: at.principal.project, zone: at.rows.zone, pool, name: '', sizeMiB: 1 },
          ...{ sourceKind: 'found', sourceImage: null, sourceSnapshot: null },
        },
      },
    ]),
  )
  expect(await adopt(at.rows.image)).toMatchObject({ ok: false, fault: { code: 'conflict' } })
  expect(at.database.look('SELECT * FROM machine')).toEqual([])
})

test('a machine that is somebody’s already, elsewhere, is not adopted twice', async () => {
  const { at, call, host, orphan, tell, seen } = await stranger()
  must(await adoptOrphan.call(call, { host, orphan: orphan.id, project: at.principal.project }))
  const other = at.rows.hosts[1]
  if (!other) throw new Error('no other host')
  must(await observe(at.ports, other, { epoch: 1, seq: 900, base: 'x', changed: [seen], gone: [] }))
  const [twin] = must(await listOrphans.call(call, { host: other, after: null, limit: 10 })).items
  const again = await adoptOrphan.call(call, { host: other, orphan: twin?.id ?? '', project: at.principal.project })
  expect(again).toMatchObject({ ok: false, fault: { code: 'conflict' } })
  // What is left over goes; the machine stays.
  must(await removeOrphan.call(call, { host: other, orphan: twin?.id ?? '', confirm: 'lost' }))
  await at.settle()
  await tell([])
  expect(must(await at.ports.store.orphans.onHost(other))).toEqual([])
  expect(at.database.look('SELECT goneAt FROM machine')).toEqual([{ goneAt: null }])
})

test('removed, it and its disks go from its host before anything is forgotten', async () => {
  const { at, call, host, machine, volumes, orphan, list, wanted } = await stranger()
  const remove = (confirm: string) => removeOrphan.call(call, { host, orphan: orphan.id, confirm })
  expect(await remove('other')).toMatchObject({ ok: false, fault: { code: 'invalid', field: 'confirm' } })
  const { operation } = must(await remove('lost'))
  expect(await remove('lost')).toMatchObject({ ok: false, fault: { code: 'precondition' } })
  expect(await list()).toMatchObject([{ removing: true }])
  expect(await wanted()).toMatchObject([{ id: machine, generation: 8, power: 'gone' }])
  const gone = must(await at.ports.store.hosts.desired(host)).objects.filter(({ kind }) => kind === 'volume')
  expect(gone.map(({ id }) => id).sort()).toEqual(volumes.map(({ id }) => id).sort())
  await at.settle()
  expect(at.database.look('SELECT state FROM operation WHERE id = ?', operation)).toEqual([{ state: 'done' }])
  expect(await list()).toEqual([])
  expect(at.database.look('SELECT * FROM tombstone')).toEqual([])
})

test('only an admin chooses', async () => {
  const { at, host, orphan } = await stranger()
  const call = { ports: at.ports, principal: { ...at.principal, role: 'owner' as const } }
  for (const asked of [
    await listOrphans.call(call, { host, after: null, limit: 10 }),
    await removeOrphan.call(call, { host, orphan: orphan.id, confirm: 'lost' }),
    await adoptOrphan.call(call, { host, orphan: orphan.id, project: at.principal.project }),
  ])
    expect(asked).toMatchObject({ ok: false, fault: { code: 'forbidden' } })
})
