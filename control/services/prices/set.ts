import { hour } from '@sirocco/shared/kit/clock.ts'
import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { currencyPattern } from '@sirocco/shared/model/prices.ts'
import { usageKinds } from '@sirocco/shared/model/usage.ts'
import { z } from 'zod'
import type { Price } from '../../domain/prices/price.ts'
import { type Decision, write } from '../verb.ts'

const day = 24 * hour
const Day = z.int().refine(at => at % day === 0, 'a price begins and ends at midnight UTC')

/** A price from a day on. Of one thing a later price takes the place of an earlier; what was used before costs what it did. */
export const addPrice = write('prices.add', {
  input: z.object({
    kind: z.enum(usageKinds),
    what: z.string().max(64).default(''),
    micros: z.int().min(0, 'a price is 0 or more').max(1_000_000_000_000),
    from: Day,
    until: Day.nullable().default(null),
  }),
  async run({ store, ids }, asked) {
    if (asked.until !== null && asked.until <= asked.from)
      return refuse('invalid', 'until: must be after from', { field: 'until' })
    if (asked.what !== '' && asked.kind !== 'machine' && asked.kind !== 'volume')
      return refuse('invalid', 'what: only machines and volumes have prices by flavor and pool', { field: 'what' })
    const prices = await store.prices.list()
    if (!prices.ok) return prices
    if (prices.value.some(one => one.kind === asked.kind && one.what === asked.what && one.from === asked.from))
      return refuse('already_exists', 'there is a price of this from the same day; delete it first, or choose another day', {
        field: 'from',
      })
    const price: Price = { id: ids.make('price'), ...asked }
    const decision: Decision<Price> = {
      answer: price,
      subjects: [price.id],
      changes: [
        { do: 'price.insert', price },
        { do: 'event', project: null, type: 'price.added', subject: price.id },
      ],
    }
    return ok(decision)
  },
})

/** Takes a price away, as if it had never been: also of what was used already. */
export const removePrice = write('prices.remove', {
  input: z.object({ price: z.string().min(3).max(64) }),
  async run({ store }, { price }) {
    const prices = await store.prices.list()
    if (!prices.ok) return prices
    const found = prices.value.find(one => one.id === price)
    if (!found) return refuse('not_found', `there is no price ${price}`, { field: 'price' })
    const decision: Decision<{ price: Id<'price'> }> = {
      answer: { price: found.id },
      subjects: [found.id],
      changes: [
        { do: 'price.delete', price: found.id },
        { do: 'event', project: null, type: 'price.removed', subject: found.id },
      ],
    }
    return ok(decision)
  },
})

/** The currency of every price: a name only, nothing is converted. */
export const setCurrency = write('prices.set-currency', {
  input: z.object({ currency: z.string().regex(currencyPattern, 'a currency is three capital letters (ISO 4217)') }),
  async run(_, { currency }) {
    const decision: Decision<{ currency: string }> = {
      answer: { currency },
      subjects: [currency],
      changes: [
        { do: 'currency.set', currency },
        { do: 'event', project: null, type: 'price.currency', subject: currency },
      ],
    }
    return ok(decision)
  },
})
