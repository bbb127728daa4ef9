import { z } from 'zod'
import { usageKinds } from '../model/usage.ts'
import { pageQuery } from './page.ts'
import { Time } from './text.ts'

/** Of another project than one's own, by id or name: for admins. Whole hours; from the beginning of this month (UTC) to now, unless said. */
const period = {
  project: z.string().min(3).max(64).optional(),
  from: Time.optional(),
  to: Time.optional(),
}
export const UsageQuery = z.strictObject({
  ...period,
  /** Apart for each value that resources have of this tag now. */
  tag: z.string().min(1).max(128).optional(),
})
export const ResourceUsageQuery = z.strictObject({ ...period, ...pageQuery })

export const UsageCsvQuery = z.strictObject(period)

const UsageItem = z.strictObject({
  kind: z.enum(usageKinds),
  /** The flavor of a machine, the pool of a volume; empty of what has none. */
  what: z.string(),
  /** In whole units: of machines seconds, of volumes and backups MiB times seconds, of traffic bytes. */
  amount: z.number(),
  unit: z.enum(['second', 'MiB-second', 'byte']),
  /** In millionths of the currency, at the prices of when it was used; 0 where there was none. */
  cost: z.number(),
})

export const ProjectUsage = z.strictObject({
  project: z.string(),
  from: Time,
  to: Time,
  currency: z.string(),
  /** `tag`: its value, empty where there is none; left out where no tag was asked for. */
  items: z.array(UsageItem.extend({ tag: z.string().optional() })),
  total: z.number(),
  /** What this month comes to if its other hours cost as much; null of another period. */
  forecast: z.number().nullable(),
  budget: z.strictObject({ micros: z.number(), alertAt: z.array(z.number()) }).nullable(),
})
export type ProjectUsage = z.output<typeof ProjectUsage>

export const ResourceUsage = z.strictObject({
  project: z.string(),
  from: Time,
  to: Time,
  currency: z.string(),
  items: z.array(UsageItem.extend({ resource: z.string() })),
  next: z.string().nullable(),
})
export type ResourceUsage = z.output<typeof ResourceUsage>
