import { ok } from '@sirocco/shared/kit/fault.ts'
import { z } from 'zod'
import { read } from '../verb.ts'

/** What things cost here, those that are over and to come too, and in which currency. */
export const listPrices = read('prices.list', {
  input: z.object({}),
  async run({ store }) {
    const prices = await store.prices.list()
    if (!prices.ok) return prices
    const currency = await store.prices.currency()
    return currency.ok ? ok({ currency: currency.value, items: prices.value }) : currency
  },
})
