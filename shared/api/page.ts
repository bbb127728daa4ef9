import { z } from 'zod'
import { limits } from '../model/limits.ts'

/** The query of every list. `cursor` is what the page before said as `next`; its content means nothing to clients. */
export const pageQuery = {
  cursor: z.string().max(500).optional(),
  limit: z.coerce.number().int().min(1).max(limits.pageMax).default(limits.page),
}

export const PageQuery = z.strictObject(pageQuery)

/** One page of a list. A page may be short although more follows: `next` alone tells, null at the end. */
export const pageOf = <T extends z.ZodType>(item: T) => z.strictObject({ items: z.array(item), next: z.string().nullable() })
