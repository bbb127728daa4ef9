import { WireFault } from '@sirocco/shared/wire/objects.ts'
import { z } from 'zod'

/** What the agent knows of a volume, or of a snapshot, that neither pool nor hypervisor can tell it. */
export const VolumeFacts = z.strictObject({
  /** The newest intent finished with, then with `fault` where it failed. */
  applied: z.int(),
  fault: WireFault.optional(),
  /** Of a snapshot: the guest's file systems stood still while it was taken. */
  quiet: z.boolean().optional(),
  /** It lay here: where it does not any more, it is lost, and never made anew. */
  made: z.boolean(),
  /** The machine that was given it last. */
  machine: z.string().nullable(),
  /** When a guest was first asked to let go of it under the newest intent; milliseconds. */
  askedAt: z.number().nullable(),
})
export type VolumeFacts = z.output<typeof VolumeFacts>

export const noVolumeFacts: VolumeFacts = { applied: -1, made: false, machine: null, askedAt: null }
