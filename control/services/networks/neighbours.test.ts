import type { Id } from '@sirocco/shared/kit/id.ts'
import { neighboursIn } from '@sirocco/shared/wire/objects.ts'
import { expect, test } from 'vitest'
import { hostFacts, must } from '../../../test/contract/store/furnish.ts'
import { world } from '../../../test/support/world.ts'
import { deleteMachines } from '../machines/delete.ts'
import { launchMachines } from '../machines/launch.ts'

/** Three hosts with a machine each; the first two are joined by an underlay. */
async function spread() {
  const at = await world({ hosts: 3 })
  const poked = new Set<Id<'host'>>()
  const hosts = (ids: readonly Id<'host'>[]) => {
    for (const id of ids) poked.add(id)
    at.ports.pokes.hosts(ids)
  }
  const call = { ports: { ...at.ports, pokes: { ...at.ports.pokes, hosts } }, principal: at.principal }
  const { store } = at.ports
  let seq = 100
  const join = async (host: Id<'host'>, underlay: string | null) =>
    must(
      await store.commit([
        {
          do: 'host.observed',
          ...{ host, epoch: 1, seq: seq++, digest: `d${seq}` },
          facts: {
            ...hostFacts(host, host),
            cpus: 64,
            memoryMiB: 262_144,
            diskMiB: 1_048_576,
            ...(underlay === null ? {} : { underlay }),
          },
        },
      ]),
    )
  const [one, two, alone] = at.rows.hosts
  if (!one || !two || !alone) throw new Error('three hosts')
  await join(one, '192.0.2.1')
  await join(two, '192.0.2.2')
  const only = async (host: Id<'host'> | null) => {
    for (const each of at.rows.hosts)
      must(await store.commit([{ do: 'host.update', host: each, set: { accepting: host === null || each === host } }]))
  }
  const launchOn = async (host: Id<'host'>, name: string) => {
    await only(host)
    const { machines } = must(await launchMachines.call(call, { image: at.rows.image, flavor: 't3.micro', name }))
    const [machine] = machines
    if (!machine) throw new Error('no machine')
    return machine
  }
  const wanted = async (host: Id<'host'>) => {
    const { revision, objects } = must(await store.hosts.desired(host))
    const networks = objects.filter(object => object.kind === 'network')
    const neighbours = neighboursIn(objects.filter(object => object.kind === 'neighbours'))
    return { revision, vni: networks[0]?.vni, neighbours: neighbours.map(({ hostname, via }) => `${hostname} ${via}`).sort() }
  }
  return { at, poked, call, one, two, alone, join, launchOn, wanted }
}

test('a network has one number on all hosts that are joined, each of which knows where the machines of the others are', async () => {
  const { one, two, alone, launchOn, wanted } = await spread()
  await launchOn(one, 'a')
  await launchOn(two, 'b')
  await launchOn(two, 'c')
  await launchOn(alone, 'd')
  const { vni } = await wanted(one)
  expect(vni).toBeGreaterThanOrEqual(65_536)
  expect(await wanted(one)).toMatchObject({ vni, neighbours: ['b 192.0.2.2', 'c 192.0.2.2'] })
  expect(await wanted(two)).toMatchObject({ vni, neighbours: ['a 192.0.2.1'] })
  expect(await wanted(alone)).toMatchObject({ vni: undefined, neighbours: [] })
})

test('a host is told when a machine of its networks comes to, or goes from, another, and of nothing else', async () => {
  const { at, poked, call, one, two, alone, launchOn, wanted } = await spread()
  await launchOn(one, 'a')
  const before = (await wanted(one)).revision
  poked.clear()
  const b = await launchOn(two, 'b')
  const after = await wanted(one)
  expect(after.revision).toBeGreaterThan(before)
  expect(poked).toContain(one)
  await launchOn(alone, 'd')
  expect((await wanted(alone)).neighbours).toEqual([])
  await at.settle()
  must(await deleteMachines.call(call, { machines: [b] }))
  await at.settle()
  expect((await wanted(one)).neighbours).toEqual([])
  expect((await wanted(one)).revision).toBeGreaterThan(after.revision)
})

test('a host whose address on the underlay changes is looked for there', async () => {
  const { one, two, alone, join, launchOn, wanted } = await spread()
  await launchOn(one, 'a')
  await launchOn(two, 'b')
  await launchOn(alone, 'd')
  const { revision } = await wanted(one)
  await join(two, '192.0.2.2')
  expect((await wanted(one)).revision).toBe(revision)
  await join(two, '192.0.2.22')
  expect(await wanted(one)).toMatchObject({ revision: revision + 1, neighbours: ['b 192.0.2.22'] })
  await join(alone, '192.0.2.3')
  expect(await wanted(one)).toMatchObject({ revision: revision + 2, neighbours: ['b 192.0.2.22', 'd 192.0.2.3'] })
  expect((await wanted(alone)).neighbours).toEqual(['a 192.0.2.1', 'b 192.0.2.22'])
  await join(two, null)
  expect(await wanted(one)).toMatchObject({ neighbours: ['d 192.0.2.3'] })
  expect((await wanted(two)).vni).toBeUndefined()
})
