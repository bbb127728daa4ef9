import { z } from 'zod'
import { rejections } from '../model/placement/rejections.ts'
import { Ref, Tags } from './text.ts'

const Size = z.strictObject({ vcpus: z.int(), memoryMiB: z.int(), diskMiB: z.int() })

/** A launch, as far as it bears on the place of a machine. */
export const ExplainPlacement = z.strictObject({
  image: Ref,
  /** By name: `t3.micro`. */
  flavor: z.string().min(1).max(64),
  zone: z.string().min(1).max(64).optional(),
  /** By name or id. */
  placementGroup: z.string().min(1).max(255).optional(),
  hostTags: Tags.optional(),
})

/** One page of the zone's hosts. */
export const PlacementExplained = z.strictObject({
  /** What one machine asks for. */
  demand: Size.extend({ zone: z.string(), architecture: z.string(), hostTags: z.record(z.string(), z.string()) }),
  items: z.array(
    z.strictObject({
      host: z.string(),
      name: z.string(),
      /** null: it would take the machine. Otherwise the first reason why not. */
      rejection: z.enum(rejections).nullable(),
      /** What may still be claimed; below zero where a ratio was lowered since. */
      free: Size,
      /** Machines of this size that its free room would hold, whatever else speaks against it. */
      fits: z.int(),
      /** Machines of the placement group on it. */
      members: z.int(),
    }),
  ),
  next: z.string().nullable(),
})
