import type { FaultCode } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import type { PlacementPolicy } from '@sirocco/shared/model/placement/policies.ts'
import { describe, expect, test } from 'vitest'
import { must } from '../../../test/contract/store/furnish.ts'
import { type World, world } from '../../../test/support/world.ts'
import { updateHost } from '../hosts/update.ts'
import { deleteMachines } from '../machines/delete.ts'
import { findMachines } from '../machines/find.ts'
import { launchMachines } from '../machines/launch.ts'
import { createPlacementGroup } from '../placement-groups/create.ts'
import { deletePlacementGroup } from '../placement-groups/delete.ts'
import { listPlacementGroups } from '../placement-groups/list.ts'
import type { Call } from '../verb.ts'
import { explainPlacement } from './explain.ts'

const callOf = (at: World): Call => ({ ports: at.ports, principal: at.principal })
const launch = (at: World, count: number, more: Partial<Parameters<typeof launchMachines.call>[1]> = {}) =>
  launchMachines.call(callOf(at), { image: at.rows.image, flavor: 't3.micro', minCount: count, maxCount: count, ...more })
async function grouped(at: World, policy: PlacementPolicy, strict = true) {
  return must(await createPlacementGroup.call(callOf(at), { name: 'web', policy, strict }))
}
/** `n` launches of one machine into the group at the same moment. */
async function crowd(at: World, n: number): Promise<(FaultCode | 'ok')[]> {
  const all = await Promise.all(Array.from({ length: n }, () => launch(at, 1, { placementGroup: 'web' })))
  return all.map(launched => (launched.ok ? 'ok' : launched.fault.code))
}
const hostsOf = (at: World) =>
  at.database.look('SELECT host FROM allocation WHERE until IS NULL AND vcpus > 0 ORDER BY host').map(row => String(row.host))

describe('placement groups', () => {
  test('keep machines apart however many are launched at the same moment', async () => {
    const at = await world({ hosts: 6 })
    await grouped(at, 'anti-affinity')
    const outcomes = await crowd(at, 8)
    expect(outcomes.filter(outcome => outcome === 'ok')).toHaveLength(6)
    expect(outcomes.filter(outcome => outcome === 'capacity')).toHaveLength(2)
    expect(new Set(hostsOf(at)).size).toBe(6)
    expect(await launch(at, 1, { placementGroup: 'web' })).toMatchObject({
      fault: { code: 'capacity', message: expect.stringContaining('apart') },
    })
  })
  test('keep machines together however many are launched at the same moment', async () => {
    const at = await world({ hosts: 6 })
    await grouped(at, 'affinity')
    expect(await crowd(at, 12)).toEqual(Array(12).fill('ok'))
    expect(new Set(hostsOf(at)).size).toBe(1)
    expect(must(await listPlacementGroups.call(callOf(at), {})).items).toMatchObject([{ machines: 12, hosts: 1 }])
  })
  test('that only prefer do as far as there is room', async () => {
    const at = await world({ hosts: 3 })
    await grouped(at, 'anti-affinity', false)
    must(await launch(at, 5, { placementGroup: 'web' }))
    expect(new Set(hostsOf(at)).size).toBe(3)
  })
  test('are found among many roomier hosts', async () => {
    const at = await world({ hosts: limits.placementWindow + 6 })
    await grouped(at, 'affinity')
    must(await launch(at, 1, { placementGroup: 'web' }))
    for (let n = 0; n < 4; n++) must(await launch(at, 1, { placementGroup: 'web' }))
    expect(new Set(hostsOf(at)).size).toBe(1)
  })
  test('are shown with the machine, kept while it is there, and deleted after it', async () => {
    const at = await world()
    const { id } = await grouped(at, 'anti-affinity')
    const { machines } = must(await launch(at, 1, { placementGroup: id }))
    await at.settle()
    expect(must(await findMachines.call(callOf(at), { machines: [...machines] }))).toMatchObject([
      { placementGroup: id, placementGroupName: 'web' },
    ])
    const gone = () => deletePlacementGroup.call(callOf(at), { placementGroup: 'web' })
    expect(await gone()).toMatchObject({ fault: { code: 'precondition', message: expect.stringContaining('delete them first') } })
    must(await deleteMachines.call(callOf(at), { machines: [...machines] }))
    await at.settle()
    expect(must(await gone())).toEqual({ deleted: true })
    expect(must(await gone())).toEqual({ deleted: false })
    expect(await launch(at, 1, { placementGroup: 'web' })).toMatchObject({
      fault: { code: 'not_found', field: 'placementGroup' },
    })
  })
  test('of another project are not there', async () => {
    const at = await world()
    const { id } = await grouped(at, 'affinity')
    const other: Call = { ports: at.ports, principal: { ...at.principal, project: at.ports.ids.make('project') } }
    expect(must(await listPlacementGroups.call(other, {})).items).toEqual([])
    expect(must(await deletePlacementGroup.call(other, { placementGroup: id }))).toEqual({ deleted: false })
    const wanted = { image: at.rows.image, flavor: 't3.micro', placementGroup: id }
    expect(await launchMachines.call(other, wanted)).toMatchObject({ fault: { code: 'not_found' } })
  })
  test('have one name each, and are not deleted under a launch', async () => {
    const at = await world()
    const { id } = await grouped(at, 'affinity')
    expect(await createPlacementGroup.call(callOf(at), { name: 'web', policy: 'affinity' })).toMatchObject({
      fault: { code: 'already_exists', field: 'name' },
    })
    const [launched, gone] = await Promise.all([
      launch(at, 1, { placementGroup: id }),
      deletePlacementGroup.call(callOf(at), { placementGroup: id }),
    ])
    expect(launched.ok).toBe(!gone.ok)
    expect(at.database.look('SELECT count(*) AS n FROM placement_group')).toEqual([{ n: launched.ok ? 1 : 0 }])
  })
})

describe('what an admin says of a host', () => {
  test('is what placement keeps to: it is drained, tagged, committed further or less', async () => {
    const at = await world({ hosts: 2, memoryMiB: 2_048 })
    const [a, b] = at.rows.hosts
    if (!a || !b) throw new Error('two hosts')
    const change = (host: string, more: Partial<Parameters<typeof updateHost.call>[1]>) =>
      updateHost.call(callOf(at), { host, ...more })
    must(await change(a, { accepting: false }))
    expect(await launch(at, 3)).toMatchObject({ fault: { code: 'capacity' } })
    must(await launch(at, 2))
    expect(hostsOf(at)).toEqual([b, b])
    must(await change(b, { memoryRatio: 1.5 }))
    must(await launch(at, 1))
    expect(hostsOf(at)).toEqual([b, b, b])
    must(await change(b, { memoryRatio: 0.5 }))
    must(await change(a, { accepting: true, tags: { disk: 'ssd' } }))
    must(await launch(at, 1, { hostTags: { disk: 'ssd' } }))
    expect(await launch(at, 1, { hostTags: { disk: 'nvme' } })).toMatchObject({
      fault: { code: 'capacity', message: expect.stringContaining('tags') },
    })
    expect(hostsOf(at).filter(host => host === a)).toHaveLength(1)
    const explained = must(
      await explainPlacement.call(callOf(at), { image: at.rows.image, flavor: 't3.micro', hostTags: { disk: 'ssd' } }),
    )
    expect(explained.items.map(({ host, rejection, fits }) => [host.id, rejection, fits])).toEqual([
      [a, null, 1],
      [b, 'tags_missing', 0],
    ])
  })
  test('is refused where it says nothing, or what no host can do', async () => {
    const at = await world()
    const [host = ''] = at.rows.hosts
    const change = (more: object) => updateHost.call(callOf(at), { host, ...more })
    expect(await change({})).toMatchObject({ fault: { code: 'invalid' } })
    expect(await change({ cpuRatio: 0 })).toMatchObject({ fault: { code: 'invalid', field: 'cpuRatio' } })
    expect(await change({ diskRatio: 1_000 })).toMatchObject({ fault: { code: 'invalid', field: 'diskRatio' } })
    expect(await updateHost.call(callOf(at), { host: 'hst_none', accepting: false })).toMatchObject({
      fault: { code: 'not_found' },
    })
  })
  test('is told to those who watch hosts, and kept in the audit', async () => {
    const at = await world()
    const [host = ''] = at.rows.hosts
    must(await updateHost.call(callOf(at), { host, tags: { rack: '7' }, cpuRatio: 4 }))
    const { events } = must(await at.rows.store.events.since({ ...at.rows.scope, hosts: true }, 0, 100, host))
    expect(events).toMatchObject([{ type: 'host.changed', data: { changed: ['cpuRatio', 'tags'] } }])
    expect(at.database.look(`SELECT verb FROM audit WHERE verb = 'hosts.update'`)).toHaveLength(1)
  })
  test('nobody but admins may say, or have explained', async () => {
    const at = await world()
    const owner: Call = { ports: at.ports, principal: { ...at.principal, role: 'owner' } }
    const [host = ''] = at.rows.hosts
    expect(await updateHost.call(owner, { host, accepting: false })).toMatchObject({ fault: { code: 'forbidden' } })
    expect(await explainPlacement.call(owner, { image: at.rows.image, flavor: 't3.micro' })).toMatchObject({
      fault: { code: 'forbidden' },
    })
  })
})
