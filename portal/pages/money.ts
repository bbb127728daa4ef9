import { micros } from '@sirocco/shared/model/prices.ts'

/** Millionths of what a person wrote, `12.5` or `12,5`; null where it is no amount. */
export function microsOf(text: string): number | null {
  const [, whole, part = ''] = /^(\d{1,9})(?:[.,](\d{1,6}))?$/.exec(text.trim()) ?? []
  return whole === undefined ? null : Number(whole) * micros + Number(part.padEnd(6, '0'))
}

/** As a person writes it. */
export const textOf = (amount: number): string => String(amount / micros)
