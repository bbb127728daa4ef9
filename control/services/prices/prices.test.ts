import { hour } from '@sirocco/shared/kit/clock.ts'
import { beforeEach, describe, expect, test } from 'vitest'
import { must } from '../../../test/contract/store/furnish.ts'
import { type World, world } from '../../../test/support/world.ts'
import { hourOf, type UsageRow } from '../../domain/usage/rows.ts'
import { reconcile } from '../../reconcile/index.ts'
import { launchMachines } from '../machines/launch.ts'
import { setQuota } from '../projects/set-quota.ts'
import { monthOf } from '../usage/month.ts'
import { showUsage, showUsageOfResources } from '../usage/show.ts'
import { setBudget } from './budget.ts'
import { listPrices } from './list.ts'
import { addPrice, removePrice, setCurrency } from './set.ts'

const day = 24 * hour
const euro = 1_000_000

describe('prices', () => {
  let w: World
  let month: ReturnType<typeof monthOf>
  let n = 0
  beforeEach(async () => {
    w = await world({ hosts: 1 })
    month = monthOf(w.rows.clock.at)
    w.rows.clock.at = month.from + 10 * day
    n = 0
  })
  const call = () => ({ ports: w.ports, principal: w.principal })
  /** Ten days of this month are over. */
  const used = async (at: number, amount: number, more: Partial<UsageRow> = {}) =>
    must(
      await w.ports.store.commit([
        {
          do: 'usage.keep',
          ...{ host: w.rows.hosts[0] ?? 'hst_', series: 's', n: ++n, oldest: n },
          rows: [
            {
              project: w.principal.project,
              kind: 'machine',
              what: 't3.micro',
              resource: 'vm_1',
              hour: hourOf(at),
              amount,
              ...more,
            },
          ],
        },
      ]),
    )
  const price = (micros: number, from: number, more: { until?: number; what?: string } = {}) =>
    addPrice.call(call(), { kind: 'machine', micros, from, ...more })
  const shown = async () => must(await showUsage.call(call(), {}))
  const events = async (type: string) =>
    must(await w.ports.store.events.since({ project: w.principal.project }, 0, 500)).events.filter(event => event.type === type)

  test('of when it was used count, however they change later, and by resource as by kind', async () => {
    must(await price(euro, month.from - day, { until: month.from + 8 * day }))
    must(await price(2 * euro, month.from + 5 * day))
    must(await price(10 * euro, month.from + 9 * day, { what: 't3.micro' }))
    await used(month.from + day, 3_600)
    await used(month.from + 5 * day, 3_600)
    await used(month.from + 8 * day, 3_600)
    await used(month.from + 9 * day, 1_800)
    const { items, total } = await shown()
    expect(items).toMatchObject([{ kind: 'machine', what: 't3.micro', amount: 3 * 3_600 + 1_800, cost: 10 * euro }])
    expect(total).toBe(10 * euro)
    const of = must(await showUsageOfResources.call(call(), { limit: 1 }))
    expect([of.items.map(({ resource, cost }) => [resource, cost]), of.next]).toEqual([[['vm_1', 10 * euro]], null])
  })

  test('pages of resources are whole lines, whatever the prices cut them into', async () => {
    for (let i = 1; i < 9; i++) must(await price(i * euro, month.from + i * day))
    for (const resource of ['vm_1', 'vm_2', 'vm_3', 'vm_4'])
      for (let i = 1; i < 9; i++) await used(month.from + i * day, 3_600, { resource })
    const all: [string, number][] = []
    for (let after: string | null = null, pages = 0; pages < 5; pages++) {
      const page: { items: readonly { resource: string; cost: number }[]; next: string | null } = must(
        await showUsageOfResources.call(call(), { after, limit: 1 }),
      )
      all.push(...page.items.map(({ resource, cost }): [string, number] => [resource, cost]))
      after = page.next
      if (after === null) break
    }
    expect(all).toEqual(['vm_1', 'vm_2', 'vm_3', 'vm_4'].map(resource => [resource, 36 * euro]))
  })

  test('are refused twice from one day, and for what has none; taken away they were never there', async () => {
    const made = must(await price(euro, month.from))
    expect(await price(euro, month.from)).toMatchObject({ fault: { code: 'already_exists' } })
    expect(await price(euro, month.from + 1)).toMatchObject({ fault: { field: 'from' } })
    expect(await price(euro, month.from + day, { until: month.from + day })).toMatchObject({ fault: { field: 'until' } })
    expect(await addPrice.call(call(), { kind: 'sent', what: 'x', micros: 1, from: month.from })).toMatchObject({
      fault: { field: 'what' },
    })
    await used(month.from, 3_600)
    expect((await shown()).total).toBe(euro)
    must(await removePrice.call(call(), { price: made.id }))
    expect((await shown()).total).toBe(0)
    expect(await removePrice.call(call(), { price: made.id })).toMatchObject({ fault: { code: 'not_found' } })
    must(await setCurrency.call(call(), { currency: 'CHF' }))
    expect(must(await listPrices.call(call(), {}))).toEqual({ currency: 'CHF', items: [] })
  })

  test('a month is forecast by its hours; another period is not', async () => {
    must(await price(euro, month.from))
    await used(month.from, 10 * 3_600)
    const { forecast } = await shown()
    expect(forecast).toBe(Math.floor((10 * euro * (month.to - month.from)) / (10 * day)))
    expect(must(await showUsage.call(call(), { from: month.from + day })).forecast).toBeNull()
  })

  test('a budget that is reached is told once at each of its percentages in a month, and stops nothing', async () => {
    must(await price(euro, month.from))
    must(await setBudget.call(call(), { micros: 10 * euro, alertAt: [100, 50] }))
    const look = async () => {
      w.rows.clock.at += hour
      await reconcile(w.ports)
    }
    await used(month.from, 3_600)
    await look()
    expect(await events('project.budget-reached')).toEqual([])
    await used(month.from, 4 * 3_600)
    await look()
    await look()
    await used(month.from, 50 * 3_600)
    await look()
    await look()
    expect((await events('project.budget-reached')).map(({ data }) => [data.percent, data.spent])).toEqual([
      [50, 5 * euro],
      [100, 55 * euro],
    ])
    must(await launchMachines.call(call(), { image: w.rows.image, flavor: 't3.micro' }))
    w.rows.clock.at = month.to + hour
    await used(month.to, 6 * 3_600)
    await look()
    // Those of the month before are forgotten by now.
    expect((await events('project.budget-reached')).map(({ data }) => data.percent)).toEqual([50])
    expect((await shown()).budget).toEqual({ micros: 10 * euro, alertAt: [50, 100] })
  })

  test('a limit of money stops what is new once more is spent in a month, and nothing else; the next month it is free', async () => {
    must(await price(euro, month.from))
    must(await setQuota.call(call(), { project: w.principal.project, limits: { money: 5 * euro } }))
    const launch = () => launchMachines.call(call(), { image: w.rows.image, flavor: 't3.micro' })
    await used(month.from, 5 * 3_600)
    await reconcile(w.ports)
    must(await launch())
    await used(month.from, 3_600)
    w.rows.clock.at += hour
    await reconcile(w.ports)
    expect(await launch()).toMatchObject({ fault: { code: 'quota', key: 'quota.money' } })
    await w.settle()
    w.rows.clock.at = month.to + hour
    await reconcile(w.ports)
    must(await launch())
  })
})
