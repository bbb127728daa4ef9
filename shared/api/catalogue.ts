import { z } from 'zod'
import { pageOf } from './page.ts'

export const Flavor = z.strictObject({ id: z.string(), name: z.string(), vcpus: z.int(), memoryMiB: z.int(), diskMiB: z.int() })
export type Flavor = z.output<typeof Flavor>
export const FlavorPage = pageOf(Flavor)

export const Region = z.strictObject({ name: z.string(), zones: z.array(z.strictObject({ id: z.string(), name: z.string() })) })
export type Region = z.output<typeof Region>
export const RegionPage = pageOf(Region)
