import { hour, minute } from '@sirocco/shared/kit/clock.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import type { UsageRecord } from '@sirocco/shared/wire/usage.ts'
import { beforeEach, describe, expect, test } from 'vitest'
import { must } from '../../../test/contract/store/furnish.ts'
import { type World, world } from '../../../test/support/world.ts'
import { hourOf } from '../../domain/usage/rows.ts'
import { launchMachines } from '../machines/launch.ts'
import { createVolume } from '../volumes/create.ts'
import { countUsage } from './count.ts'
import { keepUsage } from './keep.ts'
import { showUsage, showUsageOfResources } from './show.ts'

const series = '0123456789abcdef'

describe('usage', () => {
  let w: World
  let machine = ''
  let host: (typeof w.rows.hosts)[number]
  beforeEach(async () => {
    w = await world({ hosts: 1 })
    ;[machine = ''] = must(await launchMachines.call(call(), { image: w.rows.image, flavor: 't3.micro' })).machines
    host = w.rows.hosts[0] ?? 'hst_'
  })
  const call = () => ({ ports: w.ports, principal: w.principal })
  const record = (n: number, more: Partial<UsageRecord> = {}): UsageRecord => ({
    n,
    hour: hourOf(w.rows.clock.now()),
    machines: [{ id: machine, seconds: 10, vcpus: 2, memoryMiB: 1_024, received: 5, sent: 7 }],
    volumes: [],
    ...more,
  })
  const keep = (n: number, more: { oldest?: number; series?: string; record?: Partial<UsageRecord> } = {}) =>
    keepUsage(w.ports, host, { series: more.series ?? series, oldest: more.oldest ?? 1, record: record(n, more.record) })
  const total = () => w.database.look('SELECT coalesce(sum(amount), 0) AS n FROM usage')[0]?.n
  const items = async () => must(await showUsage.call(call(), {})).items.map(({ kind, what, amount }) => [kind, what, amount])

  test('is kept once of a number however often it is told, and in its order', async () => {
    must(await keep(1))
    must(await keep(1))
    expect(await keep(3)).toMatchObject({ fault: { code: 'stale' } })
    must(await keep(2))
    must(await keep(3))
    must(await keep(2))
    expect(await items()).toEqual([
      ['machine', 't3.micro', 30],
      ['received', '', 15],
      ['sent', '', 21],
    ])
  })

  test('of two links that bring the same at once counts once', async () => {
    const both = await Promise.all([keep(1), keep(1), keep(1)])
    expect(both.every(kept => kept.ok)).toBe(true)
    expect(total()).toBe(22)
  })

  test('that is lost at its host keeps nothing else from being told, and a new series begins anew', async () => {
    must(await keep(4, { oldest: 4 }))
    must(await keep(9, { oldest: 9 }))
    must(await keep(1, { series: 'f'.repeat(16) }))
    expect(total()).toBe(66)
  })

  test('of an hour that no clock can mean counts to this one, of a shape that is none of ours as that, of nobody\u2019s machine apart', async () => {
    const far = hourOf(w.rows.clock.now() + 100 * 24 * hour)
    must(await keep(1, { record: { hour: far } }))
    must(await keep(2, { record: { machines: [{ id: machine, seconds: 1, vcpus: 3, memoryMiB: 3, received: 0, sent: 0 }] } }))
    must(
      await keep(3, { record: { machines: [{ id: 'vm_gone', seconds: 8, vcpus: 2, memoryMiB: 1_024, received: 0, sent: 0 }] } }),
    )
    expect(await items()).toEqual([
      ['machine', '3 vCPU, 3 MiB', 1],
      ['machine', 't3.micro', 10],
      ['received', '', 5],
      ['sent', '', 7],
    ])
    expect(total()).toBe(31)
  })

  test('of a machine that is forgotten still counts to its project', async () => {
    must(await keep(1))
    w.database.look('DELETE FROM machine_observed')
    const { project } = w.principal
    expect(must(await w.ports.store.usage.owners([machine])).get(machine)?.project).toBe(project)
    must(
      await w.ports.store.commit([
        {
          do: 'usage.keep',
          host,
          series: 'x',
          n: 1,
          oldest: 1,
          rows: [{ project, hour: 0, kind: 'sent', what: '', resource: 'vm_old', amount: 1 }],
        },
      ]),
    )
    expect(must(await w.ports.store.usage.owners(['vm_old'])).get('vm_old')).toEqual({ project })
  })

  test('of a data set that was restored is the same once hosts told again what they still have', async () => {
    must(await keep(1))
    const before = w.database.look('SELECT * FROM usage').length
    must(await keep(2))
    must(await keep(3))
    const whole = total()
    // As a backup of after the first had it.
    w.database.look('UPDATE usage SET amount = amount / 3')
    w.database.look('UPDATE usage_series SET last = 1')
    expect(w.database.look('SELECT * FROM usage').length).toBe(before)
    for (const n of [1, 2, 3]) must(await keep(n))
    expect(total()).toBe(whole)
  })

  test('of each resource comes in pages', async () => {
    must(await keep(1))
    const first = must(await showUsageOfResources.call(call(), { limit: 2 }))
    expect(first.items.map(({ resource, kind }) => [resource, kind])).toEqual([
      [machine, 'machine'],
      [machine, 'received'],
    ])
    const rest = must(await showUsageOfResources.call(call(), { limit: 2, after: first.next }))
    expect([rest.items.map(({ kind }) => kind), rest.next]).toEqual([['sent'], null])
  })

  test('is told apart by the values of a tag', async () => {
    must(
      await w.ports.store.commit([
        { do: 'tag.set', resource: machine, key: 'team', value: 'blue', project: w.principal.project },
      ]),
    )
    must(await keep(1))
    const { items } = must(await showUsage.call(call(), { tag: 'team' }))
    expect(items.map(({ kind, tag }) => [kind, tag])).toEqual([
      ['machine', 'blue'],
      ['received', 'blue'],
      ['sent', 'blue'],
    ])
  })

  test('of another project is not there, but for admins; too long a period is refused', async () => {
    const owner = { ports: w.ports, principal: { ...w.principal, role: 'owner' as const } }
    expect(await showUsage.call(owner, { project: 'prj_other' })).toMatchObject({ fault: { code: 'not_found' } })
    expect((await showUsage.call(call(), { project: w.principal.projectName })).ok).toBe(true)
    expect(await showUsage.call(call(), { from: 0 })).toMatchObject({ fault: { field: 'from' } })
  })

  test('of a volume that lies on no host is counted from when its row began, each hour once', async () => {
    w.rows.clock.at = hourOf(w.rows.clock.at) + 30 * minute
    must(await countUsage(w.ports))
    const { volume } = must(await createVolume.call(call(), { zone: 'test-1a', sizeMiB: 50 }))
    expect(must(await countUsage(w.ports))).toBe(0)
    w.rows.clock.at += 2 * hour
    expect(must(await countUsage(w.ports))).toBe(2)
    expect(must(await countUsage(w.ports))).toBe(0)
    const { items } = must(await showUsageOfResources.call(call(), {}))
    expect(items.filter(({ resource }) => resource === volume).map(({ kind, amount }) => [kind, amount])).toEqual([
      ['volume', (50 * 90 * minute) / 1_000],
    ])
  })

  test('is added up into days, then dropped, and no unit is lost on the way', async () => {
    must(await keep(1))
    w.rows.clock.at += hour
    must(await keep(2))
    w.rows.clock.at += limits.usageHours + 48 * hour
    must(await w.ports.store.expire())
    expect(total()).toBe(44)
    expect(w.database.look('SELECT * FROM usage WHERE hour % 86400000 <> 0')).toEqual([])
    w.rows.clock.at += limits.usageRetention
    must(await w.ports.store.expire())
    expect(total()).toBe(0)
  })
})
