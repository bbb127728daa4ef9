import { z } from 'zod'
import { currencyPattern } from '../model/prices.ts'
import { usageKinds } from '../model/usage.ts'

/** A day, UTC: 2026-11-23. */
const Day = z.iso.date()
/** Millionths of the currency: of a machine for an hour, of a volume or backup for a GiB for 730 hours, of traffic for a GiB. */
const Micros = z.number().int().min(0)

export const Price = z.strictObject({
  id: z.string(),
  kind: z.enum(usageKinds),
  /** A flavor or pool; empty: all that have no price of their own. */
  what: z.string(),
  micros: Micros,
  from: Day,
  /** The day before which it ends; null: when a later one begins. */
  until: Day.nullable(),
})
export type Price = z.output<typeof Price>
export const PriceTable = z.strictObject({ currency: z.string(), items: z.array(Price) })
export type PriceTable = z.output<typeof PriceTable>
export const NewPrice = z.strictObject({
  kind: z.enum(usageKinds),
  what: z.string().max(64).optional(),
  micros: Micros,
  from: Day,
  until: Day.nullable().optional(),
})
export const PriceParams = z.strictObject({ id: z.string().min(3).max(64) })
/** ISO 4217. It names what prices are in; nothing is converted. */
export const SetCurrency = z.strictObject({ currency: z.string().regex(currencyPattern) })
/** Of a month (UTC), in millionths of the currency; null: none. At each percentage an event `project.budget-reached` tells. */
export const SetBudget = z.strictObject({
  micros: z.number().int().min(1).nullable(),
  alertAt: z.array(z.number().int().min(1).max(1_000)).min(1).max(10).optional(),
})
