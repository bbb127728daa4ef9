import { z } from 'zod'
import { pageOf } from './page.ts'

export const Flavor = z.strictObject({ id: z.string(), name: z.string(), vcpus: z.int(), memoryMiB: z.int(), diskMiB: z.int() })
export type Flavor = z.output<typeof Flavor>
export const FlavorPage = pageOf(Flavor)

const Region = z.strictObject({ name: z.string(), zones: z.array(z.strictObject({ id: z.string(), name: z.string() })) })
export const RegionPage = pageOf(Region)

export const Network = z.strictObject({
  id: z.string(),
  ec2Id: z.string(),
  name: z.string(),
  region: z.string(),
  isDefault: z.boolean(),
  subnets: z.array(z.strictObject({ id: z.string(), ec2Id: z.string(), zone: z.string(), cidr: z.string(), mtu: z.int() })),
})
export type Network = z.output<typeof Network>
export const NetworkPage = pageOf(Network)
