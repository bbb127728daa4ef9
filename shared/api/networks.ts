import { z } from 'zod'
import { limits } from '../model/limits.ts'
import { pageOf } from './page.ts'

export const Network = z.strictObject({
  id: z.string(),
  ec2Id: z.string(),
  name: z.string(),
  region: z.string(),
  isDefault: z.boolean(),
  /** What all its subnets lie in; null of a default network. */
  cidr: z.string().nullable(),
  subnets: z.array(z.strictObject({ id: z.string(), ec2Id: z.string(), zone: z.string(), cidr: z.string(), mtu: z.int() })),
})
export type Network = z.output<typeof Network>
export const NetworkPage = pageOf(Network)

const Cidr = z.string().max(18)
export const NewSubnet = z.strictObject({
  /** IPv4, within the network's range. */
  cidr: Cidr,
  /** By name; may be left out where there is one. */
  zone: z.string().min(1).max(64).optional(),
})
export type NewSubnet = z.input<typeof NewSubnet>

export const NewNetwork = z.strictObject({
  name: z.string().max(255).optional(),
  /** IPv4, from a /16 to a /28: `10.0.0.0/16`. Others may have the same. */
  cidr: Cidr,
  /** By name: the network is of its region. May be left out where there is one. */
  zone: z.string().min(1).max(64).optional(),
  subnets: z.array(NewSubnet).max(limits.subnetsOfNetwork).optional(),
})
export type NewNetwork = z.input<typeof NewNetwork>

export const NetworkParams = z.strictObject({ id: z.string().min(1).max(64) })
