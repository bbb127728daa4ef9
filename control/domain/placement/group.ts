import type { Id } from '@sirocco/shared/kit/id.ts'
import type { PlacementPolicy } from '@sirocco/shared/model/placement/policies.ts'

/** Machines that belong on one host, or on as many as they are. */
export interface PlacementGroup {
  readonly id: Id<'placementGroup'>
  /** EC2's id: `pg-` and 17 hex digits. */
  readonly alias: string
  readonly project: Id<'project'>
  readonly name: string
  readonly policy: PlacementPolicy
  /** Refused where it cannot be kept; otherwise kept as far as there is room. */
  readonly strict: boolean
  /** That are not gone. */
  readonly machines: number
  /** That its machines are on. */
  readonly hosts: number
  readonly createdAt: number
}

/** A group as placement and the claim's guard see it. */
export type Grouping = Pick<PlacementGroup, 'id' | 'policy' | 'strict'>
