/** What a placement group wants of its machines: on one host, or each on another. */
export const placementPolicies = ['affinity', 'anti-affinity'] as const
export type PlacementPolicy = (typeof placementPolicies)[number]
