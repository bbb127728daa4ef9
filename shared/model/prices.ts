import type { UsageKind } from './usage.ts'

/** Hours of a month that prices are of, whatever month it is. */
export const monthHours = 730

/** What a price is of: so many units of a kind's usage. */
export const pricedUnits = {
  /** An hour. */
  machine: 3_600,
  /** A GiB for a month. */
  volume: 1_024 * monthHours * 3_600,
  backup: 1_024 * monthHours * 3_600,
  /** A GiB. */
  received: 1_073_741_824,
  sent: 1_073_741_824,
} as const satisfies Record<UsageKind, number>

/** Money is counted in millionths of the instance's currency, in whole ones. */
export const micros = 1_000_000

/** ISO 4217. */
export const currencyPattern = /^[A-Z]{3}$/
export const firstCurrency = 'EUR'
