import { WantedMachine, WantedNetwork } from '@sirocco/shared/wire/objects.ts'
import { z } from 'zod'

const ProjectedMachine = WantedMachine.omit({ seed: true })
export type ProjectedMachine = z.output<typeof ProjectedMachine>

/** What a host is to carry, as the control plane says it. */
export const Projection = z.object({
  host: z.string(),
  revision: z.int(),
  objects: z.array(z.discriminatedUnion('kind', [ProjectedMachine, WantedNetwork])),
})
export type Projection = z.output<typeof Projection>
