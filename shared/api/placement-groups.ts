import { z } from 'zod'
import { placementPolicies } from '../model/placement/policies.ts'
import { pageOf } from './page.ts'
import { Time } from './text.ts'

export const PlacementGroup = z.strictObject({
  id: z.string(),
  ec2Id: z.string(),
  name: z.string(),
  /** `affinity`: on one host. `anti-affinity`: each on another. */
  policy: z.enum(placementPolicies),
  /** A launch that cannot keep to it is refused; otherwise it is kept as far as there is room. */
  strict: z.boolean(),
  /** That are in it. */
  machines: z.int(),
  /** That these are on. */
  hosts: z.int(),
  createdAt: Time,
})
export type PlacementGroup = z.output<typeof PlacementGroup>

export const PlacementGroupPage = pageOf(PlacementGroup)

export const NewPlacementGroup = z.strictObject({
  name: z.string().min(1).max(255),
  policy: z.enum(placementPolicies),
  strict: z.boolean().default(true),
})

/** By name, or by either id. */
export const PlacementGroupParams = z.strictObject({ name: z.string().min(1).max(255) })
