import { z } from 'zod'
import { faultCodes } from '../kit/fault.ts'

/** An id as it came: ours are shorter. */
export const WireId = z.string().min(1).max(128)
/** Words of somebody else's, a hypervisor's above all: cut where they are longer, since a refused frame would only come again. */
export const words = (length: number) => z.string().overwrite(text => text.slice(0, length))

export const WireFault = z.strictObject({
  code: z.enum(faultCodes),
  message: words(1_000),
  detail: words(4_000).optional(),
})
