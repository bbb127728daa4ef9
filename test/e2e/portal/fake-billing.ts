import type { Price } from '@sirocco/shared/api/prices.ts'
import type { ProjectUsage } from '@sirocco/shared/api/usage.ts'

interface Answer {
  readonly status: number
  readonly body: unknown
}

/** Usage, prices and the budget of the fake control plane; null: not of these. */
export function fakeBilling(): (method: string, parts: readonly string[], body: Record<string, unknown>) => Answer | null {
  let currency = 'EUR'
  let prices: Price[] = [{ id: 'prc_1', kind: 'machine', what: '', micros: 11_000, from: '2026-01-01', until: null }]
  let budget: ProjectUsage['budget'] = null
  const gone: Answer = { status: 204, body: null }
  const usage = (): ProjectUsage => ({
    ...{ project: 'project_demo', from: '2026-11-01T00:00:00.000Z', to: '2026-11-23T00:00:00.000Z', currency },
    items: [
      { kind: 'machine', what: 't3.micro', amount: 36_000, unit: 'second', cost: 110_000 },
      { kind: 'volume', what: 'spl_1', amount: 3_686_400, unit: 'MiB-second', cost: 0 },
      { kind: 'sent', what: '', amount: 2_147_483_648, unit: 'byte', cost: 0 },
    ],
    ...{ total: 110_000, forecast: 150_000, budget },
  })
  return (method, [noun, key], body) => {
    if (noun === 'usage') return { status: 200, body: usage() }
    if (noun === 'budget') {
      budget = typeof body.micros === 'number' ? { micros: body.micros, alertAt: [50, 80, 100] } : null
      return gone
    }
    if (noun === 'currency') {
      currency = String(body.currency)
      return gone
    }
    if (noun !== 'prices') return null
    if (method === 'DELETE') {
      prices = prices.filter(({ id }) => id !== key)
      return gone
    }
    if (method === 'GET') return { status: 200, body: { currency, items: prices } }
    const made: Price = {
      ...{ id: `prc_${prices.length + 1}`, kind: 'machine', what: String(body.what), until: null },
      ...{ micros: Number(body.micros), from: String(body.from) },
    }
    prices = [...prices, made]
    return { status: 201, body: made }
  }
}
